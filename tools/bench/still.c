/* A program that does nothing. Linked statically: nothing is loaded into it, whatever is preloaded.
 */
int main(void) {
    return 0;
}
