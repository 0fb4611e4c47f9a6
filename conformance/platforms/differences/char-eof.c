/* getc into a char: does the loop notice the end? */
#include <stdio.h>

int main(void) {
    char c = (char)fgetc(tmpfile());
    puts(c == EOF ? "the end is seen" : "the end is never seen");
}
