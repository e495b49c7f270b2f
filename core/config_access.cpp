#include "core/config_access.h"

#include "core/config_rules.h"

namespace secretfs::config_access {

const std::vector<std::string>& Keys() {
  static const std::vector<std::string> keys{"owner", "group", "mode",   "readers",  "confine_to",
                                             "wait",  "links", "copies", "on_change"};
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
    access.readers = TRY(config_rules::Read(map, *node, "readers"));
  }
  if (const auto* node = map.Find("confine_to")) {
    access.confine_to = TRY(config_rules::Read(map, *node, "confine_to"));
  }
  return access;
}

}  // namespace secretfs::config_access
