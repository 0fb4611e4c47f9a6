/* XML 1.0 text of any bytes. */
#ifndef FP_XML_H
#define FP_XML_H

#include <stddef.h>
#include <stdio.h>

/*
 * For contents and for attributes in either quotes: markup becomes references, what XML may not
 * hold or would lose is shown as \n, \xNN or \uNNNN. After `most` bytes it ends with "...".
 */
void fp_xml_put(FILE *out, const char *text, size_t most);

/* The same for contents: ends of lines stay. */
void fp_xml_lines(FILE *out, const char *text);

#endif
