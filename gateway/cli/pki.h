/* pki.h - `carepace pki COMMAND [DIR]`: the certificates of a clinic.
 *
 * What:    init        makes the authority, a listener certificate, an empty registry
 *          issue       makes device certificates and registers them
 *          renew       makes a new certificate for a device; the old one stays good
 *          revoke      ends a certificate, or all of a device
 *          import-crl  takes over what a revocation list says
 *          list        shows the registry
 *          listener    makes a new certificate for the listener
 *          client      makes a certificate to connect to head office with
 * Files:   DIR (0700, /etc/carepace/pki unless given) has ca.pem ca.key listener.pem listener.key
 * registry and devices/<id>.pem .key; keys are 0600. Two runs at once take turns. Output:  a line a
 * certificate for people, --json for programs; nothing before everything is on disk. Answer:  an
 * exit status of cli/commands.h; one sentence on stderr with it.
 */
#ifndef CLI_PKI_H
#define CLI_PKI_H

/* argv[0] is "pki". */
int cli_pki(int argc, char **argv);

#endif
