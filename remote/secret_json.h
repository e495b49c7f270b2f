// JSON whose text may be secret: what a store or a helper answers. nlohmann's document with every
// string, list and map in secret memory, wiped when it goes; while it is read, the parser also has
// single words in ordinary memory. No error quotes any of the text.
#pragma once

#include <map>
#include <memory>
#include <new>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_bytes.h"
#include "base/secret_heap.h"

namespace secretfs::remote {

/// Throws std::bad_alloc when no more memory can be locked, as allocators do; ParseSecretJson and
/// JsonText catch it.
template <class T>
struct SecretAllocator {
  using value_type = T;
  SecretAllocator() noexcept = default;
  template <class U>
  SecretAllocator(const SecretAllocator<U>& /*other*/) noexcept {}  // NOLINT: implicit by contract
  [[nodiscard]] T* allocate(size_t count) {
    if (count > SIZE_MAX / sizeof(T)) throw std::bad_alloc();
    auto block = secret_heap::Allocate(count * sizeof(T));
    if (!block) throw std::bad_alloc();
    return static_cast<T*>(*block);
  }
  void deallocate(T* block, size_t /*count*/) noexcept { secret_heap::Free(block); }
  template <class U>
  bool operator==(const SecretAllocator<U>& /*other*/) const noexcept {
    return true;
  }
};

using SecretString = std::basic_string<char, std::char_traits<char>, SecretAllocator<char>>;
using SecretJson = nlohmann::basic_json<std::map, std::vector, SecretString, bool, int64_t,
                                        uint64_t, double, SecretAllocator, nlohmann::adl_serializer,
                                        std::vector<uint8_t, SecretAllocator<uint8_t>>>;

constexpr size_t kMaxJsonBytes = size_t{16} << 20U;
constexpr size_t kMaxJsonDepth = 64;

/// `where` says in errors whose text it is. Errors: kIo with the byte's offset when it is not JSON
/// or nested too deeply, since another answer may be sound; kTooLarge, kResource.
Result<SecretJson> ParseSecretJson(ByteView text, const std::string& where);

/// A member that is there and not null; else, or when `object` is no object, null.
const SecretJson* FindMember(const SecretJson& object, std::string_view name);

/// Views into the document. Errors: kIo, which name the member, when it is not there or of another
/// type. What is null counts as not there.
Result<std::string_view> TextAt(const SecretJson& object, std::string_view name);
Result<const SecretJson*> ObjectAt(const SecretJson& object, std::string_view name);
Result<const SecretJson*> ListAt(const SecretJson& object, std::string_view name);
/// What is not there, or no text, is "".
std::string_view TextOr(const SecretJson& object, std::string_view name);

/// A text's own bytes; of anything else the JSON, without white space. Errors: kResource.
Result<SecretBytes> JsonText(const SecretJson& value);

}  // namespace secretfs::remote
