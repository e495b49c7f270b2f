// expect: nodiscard|ignoring return
#include "base/result.h"

secretfs::Status Save();
secretfs::Status Use();
secretfs::Status Use() {
#ifdef CONTROL
  TRY(Save());
#else
  Save();
#endif
  return secretfs::Ok{};
}
