/* pki.h - `carepace pki init|issue|client`: certificates of a clinic.
 *
 * What:    one directory (0700) holds it all: ca.pem ca.key, listener.pem
 *          listener.key, registry, devices/<id>.pem and .key.
 * Output:  a line per certificate for people, --json for programs.
 * Answer:  0; 1 a failure; 2 a wrong argument (one sentence on stderr each).
 */
#ifndef CLI_PKI_H
#define CLI_PKI_H

/* argv[0] is "pki". */
int cli_pki(int argc, char **argv);

#endif
