#include "fs/touch.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "base/unique_fd.h"

namespace secretfs::fs {
namespace {

/// What the kernel makes of an inode of FUSE for name_to_handle_at(2): fs/fuse/inode.c.
constexpr int kInodeAndGeneration = 0x81;
constexpr size_t kHandleWords = 3;

/// Only what is in the kernel's memory: we do not ask for FUSE_EXPORT_SUPPORT.
UniqueFd OpenByInode(int root, uint64_t inode, int flags) noexcept {
  const std::array<uint32_t, kHandleWords> words{static_cast<uint32_t>(inode >> 32U),
                                                 static_cast<uint32_t>(inode), 0};
  alignas(file_handle) std::array<unsigned char, sizeof(file_handle) + sizeof(words)> buffer{};
  auto* handle = reinterpret_cast<file_handle*>(buffer.data());
  handle->handle_bytes = sizeof(words);
  handle->handle_type = kInodeAndGeneration;
  std::memcpy(buffer.data() + offsetof(file_handle, f_handle), words.data(), sizeof(words));
  return UniqueFd(::open_by_handle_at(root, handle, flags | O_CLOEXEC));
}

}  // namespace

bool MayOpenByHandle() noexcept {
  // Of no file: it is another error than this only for who may ask.
  const UniqueFd here(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const UniqueFd none = OpenByInode(here.get(), 0, O_PATH);
  return none || (errno != EPERM && errno != ENOSYS);
}

void Expire(int root, uint64_t inode) noexcept {
  // That is all: a handle says nothing of names, so the kernel takes those it knows to be old.
  (void)OpenByInode(root, inode, O_PATH);
}

TouchingThread::TouchingThread(Touching& touching) noexcept : touching_(touching) {
  touching_.thread = ::gettid();
}

TouchingThread::~TouchingThread() {
  touching_.thread = 0;
  touching_.inode = 0;
}

void TouchingThread::Touch(int root, const Changes::File& file) noexcept {
  touching_.opened = false;
  touching_.inode = file.inode;
  const UniqueFd fd = OpenByInode(root, file.inode, O_WRONLY | O_NONBLOCK);
  if (!fd || !touching_.opened) return;
  if (::futimens(fd.get(), nullptr) != 0) return;
  if (file.content && ::write(fd.get(), "", 1) != 1) return;
}

}  // namespace secretfs::fs
