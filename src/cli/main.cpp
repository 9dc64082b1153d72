// The program `tandem`.
#include "cli/program.h"

int main(int argc, char** argv) {
  return tandem::RunProgram({argv + (argc > 0 ? 1 : 0), argv + argc});
}
