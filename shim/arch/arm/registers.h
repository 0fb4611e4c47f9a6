#include "../registers_none.h"
