#include "daemon/privileges.h"

#include <algorithm>

namespace secretfs {

bool AsksForPrograms(const Access& access) {
  const auto asks = [](const CallerRule& rule) {
    return rule.kind == CallerRule::Kind::kExecutable;
  };
  return std::ranges::any_of(access.readers, asks) || std::ranges::any_of(access.confine_to, asks);
}

std::vector<Error> MissingPrivileges(const std::vector<File>& files, bool audited,
                                     bool sees_programs) {
  if (sees_programs) return {};
  const std::string hint = "give it CAP_SYS_PTRACE (secretfs(1), PRIVILEGES)";
  std::vector<Error> missing;
  if (std::ranges::any_of(files, AsksForPrograms, &File::access)) {
    missing.push_back({Code::kPermission,
                       "which program another user runs cannot be told, so rules of programs "
                       "(exe:) let nobody in",
                       "", hint});
  }
  if (audited) {
    missing.push_back({Code::kPermission,
                       "which program another user runs cannot be told, so the audit has no "
                       "'executable' of his opens",
                       "", hint});
  }
  return missing;
}

void WarnOfMissingPrivileges(const std::vector<File>& files, bool audited, bool sees_programs,
                             Log& log) {
  for (const Error& missing : MissingPrivileges(files, audited, sees_programs)) {
    log.Warning("unprivileged", {{"reason", missing.Text()}, {"hint", missing.hint}});
  }
}

}  // namespace secretfs
