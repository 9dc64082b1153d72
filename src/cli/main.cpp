// The program `tandem`.
int main() {
  return 2;
}
