#include <cerrno>
#include <tuple>

#include "fs/bridge.h"
#include "fs/fuse_api.h"

namespace secretfs::fs {
namespace {

template <class... Arguments>
void Refuse(fuse_req_t request, Arguments...) noexcept {
  fuse_reply_err(request, EROFS);
}

/// Sets a field of the table whatever its arguments are.
template <class... Arguments>
void SetRefusal(void (*&callback)(fuse_req_t, Arguments...)) noexcept {
  callback = Refuse<Arguments...>;
}

void OnWrite(fuse_req_t request, fuse_ino_t inode, const char* /*bytes*/, size_t size,
             off_t /*offset*/, fuse_file_info* /*info*/) noexcept {
  if (IsTouch(request, inode)) {
    fuse_reply_write(request, size);
  } else {
    fuse_reply_err(request, EROFS);
  }
}

void OnSetattr(fuse_req_t request, fuse_ino_t inode, struct stat* /*wanted*/, int /*which*/,
               fuse_file_info* /*info*/) noexcept {
  if (!IsTouch(request, inode)) {
    fuse_reply_err(request, EROFS);
    return;
  }
  ReplyWithPeek(request, inode);
}

}  // namespace

void AddWrites(fuse_lowlevel_ops& table) noexcept {
  table.write = OnWrite;
  table.setattr = OnSetattr;
  SetRefusal(table.create);
  SetRefusal(table.mknod);
  SetRefusal(table.mkdir);
  SetRefusal(table.symlink);
  SetRefusal(table.link);
  SetRefusal(table.rename);
  SetRefusal(table.unlink);
  SetRefusal(table.rmdir);
  SetRefusal(table.setxattr);
  SetRefusal(table.removexattr);
}

}  // namespace secretfs::fs
