#include "crypto/blowfish.h"

#include <algorithm>

namespace secretfs::crypto {
namespace {

constexpr size_t kPiWords = 18 + 4 * 256;  // behind the point

/// A fixed-point number: a word before the point, the rest behind it, and one more, which takes the
/// rounding of the ten thousand terms.
using Fixed = std::array<uint32_t, 1 + kPiWords + 1>;

/// The words of `number` before `first` are zero.
void Divide(const Fixed& number, uint32_t divisor, size_t first, Fixed& quotient) {
  uint64_t rest = 0;
  for (size_t i = first; i < number.size(); ++i) {
    rest = rest << 32U | number[i];
    quotient[i] = static_cast<uint32_t>(rest / divisor);
    rest %= divisor;
  }
}

/// sum + term, modulo 2^32; the words of `term` before `first` are not looked at.
void Add(const Fixed& term, size_t first, Fixed& sum) {
  uint64_t carry = 0;
  for (size_t i = sum.size(); i > 0 && (i > first || carry != 0); --i) {
    carry += uint64_t{sum[i - 1]} + (i > first ? term[i - 1] : 0U);
    sum[i - 1] = static_cast<uint32_t>(carry);
    carry >>= 32U;
  }
}

void Subtract(const Fixed& term, size_t first, Fixed& sum) {
  uint64_t borrow = 0;
  for (size_t i = sum.size(); i > 0 && (i > first || borrow != 0); --i) {
    const uint64_t difference = uint64_t{sum[i - 1]} - (i > first ? term[i - 1] : 0U) - borrow;
    sum[i - 1] = static_cast<uint32_t>(difference);
    borrow = difference >> 63U;
  }
}

/// Adds factor * arctan(1/x) to the sum, or subtracts it: 1/x - 1/3x^3 + 1/5x^5 - ...
void AddArctan(uint32_t factor, uint32_t x, bool subtract, Fixed& sum) {
  Fixed power{factor};
  Fixed term;
  Divide(power, x, 0, power);
  size_t first = 0;
  for (uint32_t odd = 1;; odd += 2, subtract = !subtract) {
    while (first < power.size() && power[first] == 0) ++first;
    if (first == power.size()) return;
    Divide(power, odd, first, term);
    subtract ? Subtract(term, first, sum) : Add(term, first, sum);
    Divide(power, x * x, first, power);
  }
}

/// The fraction of pi, by Machin's formula: pi/4 = 4 arctan(1/5) - arctan(1/239). Blowfish begins
/// with these digits; they are computed here since a table of a thousand numbers is one that nobody
/// checks.
std::array<uint32_t, kPiWords> PiFraction() {
  Fixed pi{};
  AddArctan(16, 5, false, pi);
  AddArctan(4, 239, true, pi);
  std::array<uint32_t, kPiWords> fraction;
  std::copy_n(pi.begin() + 1, fraction.size(), fraction.begin());
  return fraction;
}

}  // namespace

void Blowfish::Reset() noexcept {
  static const std::array<uint32_t, kPiWords> kBeginning = PiFraction();
  words_ = kBeginning;
}

uint32_t Blowfish::Substitute(uint32_t word) const noexcept {
  const uint32_t* boxes = words_.data() + kSubkeys;
  return ((boxes[word >> 24U] + boxes[kBoxWords + (word >> 16U & 0xffU)]) ^
          boxes[2 * kBoxWords + (word >> 8U & 0xffU)]) +
         boxes[3 * kBoxWords + (word & 0xffU)];
}

void Blowfish::Encrypt(uint32_t& left, uint32_t& right) const noexcept {
  uint32_t a = left ^ words_[0];
  uint32_t b = right;
  for (size_t round = 1; round < kRounds; round += 2) {
    b ^= Substitute(a) ^ words_[round];
    a ^= Substitute(b) ^ words_[round + 1];
  }
  left = b ^ words_[kRounds + 1];
  right = a;
}

void Blowfish::Expand(Input key) noexcept {
  static constexpr std::array<uint32_t, kInputWords> kNoSalt{};
  Expand(key, kNoSalt);
}

void Blowfish::Expand(Input key, Input salt) noexcept {
  for (size_t i = 0; i < kSubkeys; ++i) words_[i] ^= key[i % kInputWords];
  uint32_t left = 0;
  uint32_t right = 0;
  for (size_t i = 0; i < words_.size(); i += 2) {
    left ^= salt[i % kInputWords];
    right ^= salt[(i + 1) % kInputWords];
    Encrypt(left, right);
    words_[i] = left;
    words_[i + 1] = right;
  }
}

}  // namespace secretfs::crypto
