// Blowfish with the changes of bcrypt (Provos and Mazieres, "A Future-Adaptable Password Scheme"):
// a state that starts as the digits of pi and is expanded by keys and salts. Only for bcrypt_pbkdf;
// neither crypto library lets one at the state.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace secretfs::crypto {

/// Depends on the keys: lives in locked memory only.
class Blowfish {
 public:
  static constexpr size_t kInputWords = 16;
  using Input = std::span<const uint32_t, kInputWords>;  // 64 bytes, big-endian

  /// Begins anew.
  void Reset() noexcept;
  void Expand(Input key) noexcept;
  void Expand(Input key, Input salt) noexcept;
  /// One block of 64 bits, in two halves.
  void Encrypt(uint32_t& left, uint32_t& right) const noexcept;

 private:
  static constexpr size_t kRounds = 16;
  static constexpr size_t kSubkeys = kRounds + 2;
  static constexpr size_t kBoxes = 4;
  static constexpr size_t kBoxWords = 256;

  [[nodiscard]] uint32_t Substitute(uint32_t word) const noexcept;

  // The subkeys, then the boxes: expanding goes through them in one run.
  std::array<uint32_t, kSubkeys + kBoxes * kBoxWords> words_;
};

}  // namespace secretfs::crypto
