#include "cli/mounted_status.h"

#include "base/file.h"
#include "cli/ui.h"

namespace secretfs {
namespace {

std::string FileOf(const std::string& mount_point) {
  return mount_point + "/.secretfs/status.json";
}

}  // namespace

Result<MountedStatus> ReadMountedStatus(const std::string& mount_point) {
  constexpr size_t kLimit = size_t{64} << 20U;
  constexpr int kTries = 3;
  auto content = ReadFile(FileOf(mount_point), kLimit);
  // What was opened just before another process went on with the mount cannot be read any more.
  for (int i = 1; i < kTries && !content && content.error().code == Code::kIo; ++i) {
    content = ReadFile(FileOf(mount_point), kLimit);
  }
  if (!content && content.error().code == Code::kPermission) {
    return Error{Code::kPermission, "only root may see the status", mount_point,
                 "run it with sudo"};
  }
  if (!content) {
    return Error{Code::kNotFound, "no secretfs is mounted here", mount_point,
                 "start it: systemctl start secretfs, or secretfs mount"};
  }
  MountedStatus status;
  status.text = *std::move(content);
  status.json = nlohmann::json::parse(AsText(status.text), nullptr, false);
  if (status.json.is_discarded()) {
    return Error{Code::kInvalid, "is not JSON", FileOf(mount_point), ""};
  }
  return status;
}

ExitCode FailOnStatus(const Error& error) {
  return error.code == Code::kNotFound ? ui::Fail(error, ExitCode::kNotMounted) : ui::Fail(error);
}

}  // namespace secretfs
