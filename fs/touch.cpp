#include "fs/touch.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

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
  Change(fd.get(), file);
}

void TouchingThread::TouchByPath(int root, const Changes::File& file) noexcept {
  touching_.opened = false;
  touching_.inode = file.inode;
  struct open_how how {};
  how.flags = O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
  const UniqueFd fd(
      static_cast<int>(::syscall(SYS_openat2, root, file.path.c_str(), &how, sizeof how)));
  Change(fd.get(), file);
}

void TouchingThread::Change(int fd, const Changes::File& file) noexcept {
  if (fd < 0 || !touching_.opened) return;
  if (::futimens(fd, nullptr) != 0) return;
  if (file.content && ::write(fd, "", 1) != 1) return;
}

void TouchQueue::Add(const std::vector<Changes::File>& files) {
  const std::lock_guard lock(mutex_);
  for (const Changes::File& file : files) {
    const auto [at, added] = files_.try_emplace(file.inode, file);
    if (!added) at->second.content |= file.content;
  }
  changed_.notify_one();
}

std::optional<Changes::File> TouchQueue::Next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stopped_ || !files_.empty(); });
  if (stopped_) return std::nullopt;
  Changes::File file = std::move(files_.begin()->second);
  files_.erase(files_.begin());
  return file;
}

void TouchQueue::Stop() noexcept {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

}  // namespace secretfs::fs
