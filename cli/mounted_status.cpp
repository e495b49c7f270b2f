#include "cli/mounted_status.h"

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "cli/ui.h"

namespace secretfs {
namespace {

std::string FileOf(const std::string& mount_point) {
  return mount_point + "/.secretfs/status.json";
}

}  // namespace

Result<Bytes> ReadMountedStatusText(const std::string& mount_point) {
  constexpr size_t kLimit = size_t{64} << 20U;
  auto content = ReadFile(FileOf(mount_point), kLimit);
  if (content) return content;
  if (content.error().code == Code::kPermission) {
    return Error{Code::kPermission, "only root may see the status", mount_point,
                 "run it with sudo"};
  }
  return Error{Code::kNotFound, "no secretfs is mounted here", mount_point,
               "start it: systemctl start secretfs, or secretfs mount"};
}

Result<nlohmann::json> ReadMountedStatus(const std::string& mount_point) {
  const Bytes text = TRY(ReadMountedStatusText(mount_point));
  auto status = nlohmann::json::parse(AsText(text), nullptr, false);
  if (status.is_discarded()) return Error{Code::kInvalid, "is not JSON", FileOf(mount_point), ""};
  return status;
}

ExitCode FailOnStatus(const Error& error) {
  return error.code == Code::kNotFound ? ui::Fail(error, ExitCode::kNotMounted) : ui::Fail(error);
}

}  // namespace secretfs
