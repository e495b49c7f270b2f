#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "fs/bridge_request.h"

namespace secretfs::fs {
namespace {

void OnOpendir(fuse_req_t raw, fuse_ino_t inode, fuse_file_info* info) noexcept {
  const auto request = std::make_shared<Request>(raw);
  Guarded(request, [&] {
    const Reply<OpenDirectory> reply = OpsOf(raw).OpenDir(CallerOf(raw), inode);
    if (reply.error() != 0) {
      fuse_reply_err(request->Take(), reply.error());
      return;
    }
    BridgeState& state = StateOf(raw);
    const Opening opening = OpeningBy(raw, inode);
    info->fh = state.records.Add(opening, std::nullopt);
    state.directories.Put(info->fh, reply.value());
    const bool same_for_all = reply.value().same_for_all;  // else what one sees is kept for nobody
    info->cache_readdir = same_for_all;
    info->keep_cache = same_for_all;
    ReplyHandle(request->Take(), state, state.directories, opening, *info);
  });
}

/// What a handle of a folder stands for; one of a server before, for what is in the folder now, as
/// it is for who asks. Null when there is no such folder any more.
std::shared_ptr<const OpenDirectory> DirectoryOf(fuse_req_t raw, uint64_t inode, uint64_t handle) {
  BridgeState& state = StateOf(raw);
  if (auto directory = state.directories.Find(handle)) return directory;
  const Reply<OpenDirectory> reply = state.ops.OpenDir(CallerOf(raw), inode);
  return reply.error() == 0 ? state.directories.Put(handle, reply.value()) : nullptr;
}

void OnReaddir(fuse_req_t raw, fuse_ino_t inode, size_t size, off_t offset,
               fuse_file_info* info) noexcept {
  const auto request = std::make_shared<Request>(raw);
  Guarded(request, [&] {
    const auto directory = DirectoryOf(raw, inode, info->fh);
    if (directory == nullptr) {
      fuse_reply_err(request->Take(), ESTALE);
      return;
    }
    std::vector<char> listing(std::min<size_t>(size, kLargestRead));
    size = listing.size();
    size_t used = 0;
    for (auto index = static_cast<size_t>(offset);; ++index) {
      const DirectoryEntry entry = Ops::EntryAt(*directory, index);
      if (entry.name.empty()) break;
      struct stat stat {};
      stat.st_ino = entry.inode;
      stat.st_mode = entry.is_directory ? S_IFDIR : S_IFREG;
      const size_t need =
          fuse_add_direntry(raw, listing.data() + used, size - used,
                            std::string(entry.name).c_str(), &stat, static_cast<off_t>(index + 1));
      if (need > size - used) break;
      used += need;
    }
    fuse_reply_buf(request->Take(), listing.data(), used);
  });
}

void OnReleasedir(fuse_req_t raw, fuse_ino_t /*inode*/, fuse_file_info* info) noexcept {
  StateOf(raw).directories.Remove(info->fh);
  StateOf(raw).records.Remove(info->fh);
  fuse_reply_err(raw, 0);
}

}  // namespace

void AddFolders(fuse_lowlevel_ops& table) noexcept {
  table.opendir = OnOpendir;
  table.readdir = OnReaddir;
  table.releasedir = OnReleasedir;
}

}  // namespace secretfs::fs
