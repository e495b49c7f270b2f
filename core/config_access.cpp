#include "core/config_access.h"

namespace secretfs::config_access {

const std::vector<std::string>& Keys() {
  static const std::vector<std::string> keys{"owner", "group", "mode",     "readers",
                                             "wait",  "links", "on_change"};
  return keys;
}

Result<Access> LoadAccess(const config_read::Map& map, const Access& defaults) {
  Access access = defaults;
  if (const auto* node = map.Find("owner")) access.owner = TRY(config_read::User(map, *node));
  if (const auto* node = map.Find("group")) access.group = TRY(config_read::Group(map, *node));
  if (const auto* node = map.Find("mode")) access.mode = TRY(config_read::Mode(map, *node));
  if (const auto* node = map.Find("wait")) {
    access.wait = TRY(config_read::Duration(map, *node, "'wait'"));
  }
  if (const auto* node = map.Find("readers")) {
    access.readers = TRY(config_read::Readers(map, *node));
  }
  return access;
}

}  // namespace secretfs::config_access
