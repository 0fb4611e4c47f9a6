/* The page around the data: page.html, page_model.js and page.js, made C by embed.py. UTF-8, NUL at
 * the end. */
#ifndef FP_PAGE_H
#define FP_PAGE_H

extern const unsigned char fp_page_head[];
extern const unsigned char fp_page_tail[];

#endif
