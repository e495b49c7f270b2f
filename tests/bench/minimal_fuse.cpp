// The yardstick: the least that libfuse's low-level API needs to serve one file, `secret`, with
// direct_io, long timeouts and no FLUSH, in a plain blocking loop. It decides nothing, logs nothing
// and locks nothing, so what secretfs costs above it is what secretfs adds.
#define FUSE_USE_VERSION 312
#include <fuse_lowlevel.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

namespace {

constexpr fuse_ino_t kFile = 2;
constexpr double kTimeout = 3600.0;
constexpr std::string_view kContent =
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\n";  // 64 bytes

struct stat Describe(fuse_ino_t inode) {
  struct stat stat {};
  stat.st_ino = inode;
  stat.st_mode = inode == kFile ? S_IFREG | 0444U : S_IFDIR | 0755U;
  stat.st_nlink = inode == kFile ? 1 : 2;
  stat.st_size = inode == kFile ? static_cast<off_t>(kContent.size()) : 0;
  return stat;
}

void OnLookup(fuse_req_t request, fuse_ino_t parent, const char* name) {
  if (parent != FUSE_ROOT_ID || std::strcmp(name, "secret") != 0) {
    fuse_reply_err(request, ENOENT);
    return;
  }
  fuse_entry_param entry{};
  entry.ino = kFile;
  entry.attr = Describe(kFile);
  entry.attr_timeout = entry.entry_timeout = kTimeout;
  fuse_reply_entry(request, &entry);
}

void OnGetattr(fuse_req_t request, fuse_ino_t inode, fuse_file_info* /*info*/) {
  const struct stat stat = Describe(inode);
  fuse_reply_attr(request, &stat, kTimeout);
}

void OnOpen(fuse_req_t request, fuse_ino_t /*inode*/, fuse_file_info* info) {
  info->direct_io = 1;
  fuse_reply_open(request, info);
}

void OnRead(fuse_req_t request, fuse_ino_t /*inode*/, size_t size, off_t offset,
            fuse_file_info* /*info*/) {
  const size_t from = std::min(static_cast<size_t>(offset), kContent.size());
  const std::string_view part = kContent.substr(from, size);
  fuse_reply_buf(request, part.data(), part.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: minimal_fuse MOUNTPOINT\n", stderr);
    return 2;
  }
  fuse_lowlevel_ops table{};
  table.lookup = OnLookup;
  table.getattr = OnGetattr;
  table.open = OnOpen;
  table.read = OnRead;
  fuse_args args = FUSE_ARGS_INIT(0, nullptr);
  fuse_opt_add_arg(&args, argv[0]);
  fuse_opt_add_arg(&args, "-oallow_other,ro,fsname=minimal_fuse");
  fuse_session* session = fuse_session_new(&args, &table, sizeof table, nullptr);
  fuse_opt_free_args(&args);
  if (session == nullptr || fuse_session_mount(session, argv[1]) != 0) return 1;
  fuse_set_signal_handlers(session);
  const int result = fuse_session_loop(session);
  fuse_session_unmount(session);
  fuse_session_destroy(session);
  return result == 0 ? 0 : 1;
}
