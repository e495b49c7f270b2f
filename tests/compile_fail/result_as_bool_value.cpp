// expect: cannot convert|no viable conversion
#include "base/result.h"

secretfs::Result<bool> Allowed();
bool Use();
bool Use() {
#ifdef CONTROL
  return Allowed().has_value();
#else
  return Allowed();
#endif
}
