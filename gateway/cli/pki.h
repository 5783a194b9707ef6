/* pki.h - `carepace pki init|issue|client`: the certificates of a clinic.
 *
 * What:    init DIR    makes the authority, a listener certificate and an empty
 *                      registry
 *          issue DIR   makes device certificates and registers them
 *          client DIR  makes a certificate to connect to head office with
 * Files:   DIR (0700) has ca.pem ca.key listener.pem listener.key registry and
 *          devices/<id>.pem .key; keys are 0600. Two runs at once take turns.
 * Output:  a line a certificate for people, --json for programs; nothing before
 *          everything is on disk.
 * Answer:  0; 1 a failure; 2 a wrong argument. One sentence on stderr each.
 */
#ifndef CLI_PKI_H
#define CLI_PKI_H

/* argv[0] is "pki". */
int cli_pki(int argc, char **argv);

#endif
