#include "daemon/config_files.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "base/file.h"
#include "providers/registry.h"
#include "views/view.h"

namespace secretfs {
namespace {

namespace stdfs = std::filesystem;

constexpr size_t kFileLimit = size_t{8} << 20U;

Result<std::vector<std::string>> FilesBeside(const stdfs::path& file) {
  std::vector<std::string> files{file.string()};
  const stdfs::path folder = file.parent_path() / "config.d";
  std::error_code failed;
  for (stdfs::directory_iterator at(folder, failed), end; !failed && at != end;
       at.increment(failed)) {
    const stdfs::path& path = at->path();
    if (path.extension() == ".yaml" && !path.filename().string().starts_with('.'))
      files.push_back(path.string());
  }
  if (failed && failed != std::errc::no_such_file_or_directory) {
    return SystemError(failed.value(), "cannot list", folder.string());
  }
  std::sort(files.begin() + 1, files.end());
  return files;
}

std::string FromEnvironment(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? otherwise : value;
}

/// Of a list as systemd gives it; "" without one.
std::string FirstFolder(const char* name) {
  const std::string all = FromEnvironment(name, "");
  const std::string first = all.substr(0, all.find(':'));
  return first.starts_with('/') ? first : "";
}

std::string RecordName(const std::string& kind, std::string mount_point) {
  std::replace(mount_point.begin(), mount_point.end(), '/', '-');
  return kind + mount_point;
}

/// A user's own in /run.
std::string UserFolder() {
  return FromEnvironment("XDG_RUNTIME_DIR", "/run/user/" + std::to_string(::geteuid()));
}

}  // namespace

Result<Config> ReadConfig(const std::string& file, const ConfigDefaults& defaults) {
  std::error_code failed;
  const stdfs::path absolute = stdfs::absolute(file, failed);
  if (failed) return SystemError(failed.value(), "cannot find", file);
  std::vector<Bytes> contents;
  std::vector<std::string> names = TRY(FilesBeside(absolute));
  for (const std::string& name : names) {
    auto content = ReadFile(name, kFileLimit);
    if (!content && content.error().code == Code::kNotFound) {
      content.error().hint = "secretfs.yaml(5) has an example to begin with";
    }
    contents.push_back(TRY(std::move(content)));
  }
  std::vector<ConfigText> texts;
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string shown = i == 0 ? file : names[i];
    texts.push_back({shown, stdfs::path(names[i]).parent_path().string(), AsText(contents[i])});
  }
  return LoadConfig(texts, {ProviderSpecs(), ViewSpecs()}, defaults);
}

std::vector<std::string> ConfigPaths(const std::string& file) {
  std::error_code failed;
  const stdfs::path absolute = stdfs::absolute(file, failed);
  if (failed) return {};
  std::vector<std::string> paths{absolute.string()};
  if (auto files = FilesBeside(absolute)) paths = *std::move(files);
  paths.push_back((absolute.parent_path() / "config.d" / "").string());
  return paths;
}

std::string AbsolutePath(const std::string& path) {
  std::error_code failed;
  const stdfs::path absolute = stdfs::absolute(path, failed).lexically_normal();
  return (absolute.has_filename() ? absolute : absolute.parent_path()).string();
}

ConfigDefaults DefaultsForThisUser(const std::string& mount_point) {
  return {Principal::Number(::geteuid()), Principal::Number(::getegid()), mount_point};
}

std::string DefaultConfigFile() {
  if (::geteuid() == 0) return "/etc/secretfs/config.yaml";
  const std::string home = FromEnvironment("HOME", "/");
  return FromEnvironment("XDG_CONFIG_HOME", home + "/.config") + "/secretfs/config.yaml";
}

std::string RecordOf(const std::string& kind, const std::string& mount_point) {
  std::string folder = "/var/lib/secretfs";
  if (::geteuid() != 0) {
    const std::string home = FromEnvironment("HOME", "/");
    folder = FromEnvironment("XDG_STATE_HOME", home + "/.local/state") + "/secretfs";
  }
  return FromEnvironment("STATE_DIRECTORY", folder) + "/" + RecordName(kind, mount_point);
}

std::string RecordOfThisBoot(const std::string& kind, const std::string& mount_point) {
  std::string folder = RuntimeFolder();
  // Not /run/secretfs, which is the daemon's, who is not root.
  if (folder.empty())
    folder = ::geteuid() == 0 ? "/run/secretfs-keeper" : UserFolder() + "/secretfs";
  return folder + "/" + RecordName(kind, mount_point);
}

std::string CacheFolder() {
  const std::string given = FirstFolder("CACHE_DIRECTORY");
  if (!given.empty()) return given;
  if (::geteuid() == 0) return "/var/cache/secretfs";
  const std::string home = FromEnvironment("HOME", "/");
  return FromEnvironment("XDG_CACHE_HOME", home + "/.cache") + "/secretfs";
}

std::string RuntimeFolder() { return FirstFolder("RUNTIME_DIRECTORY"); }

std::string DefaultMountPoint() {
  return ::geteuid() == 0 ? "/run/secrets" : UserFolder() + "/secrets";
}

}  // namespace secretfs
