/* A byte with the value 1 is read from a pipe into an int: which number is it? */
#include <stdio.h>
#include <unistd.h>

int main(void) {
    int ends[2], number = 0;
    if (pipe(ends) < 0 || write(ends[1], "\1", 1) != 1 || read(ends[0], &number, 1) != 1)
        return 1;
    printf("%d\n", number);
}
