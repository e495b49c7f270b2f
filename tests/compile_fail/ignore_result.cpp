// expect: nodiscard|ignoring return
#include "base/result.h"

secretfs::Result<int> Load();
void Use();
void Use() {
#ifdef CONTROL
  (void)Load();
#else
  Load();
#endif
}
