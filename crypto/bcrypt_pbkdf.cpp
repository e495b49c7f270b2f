#include "crypto/bcrypt_pbkdf.h"

#include <sodium.h>

#include <algorithm>
#include <new>

#include "crypto/blowfish.h"
#include "crypto/init.h"
#include "crypto/locked_buffer.h"

namespace secretfs::crypto {
namespace {

constexpr int kExpansions = 64;
constexpr size_t kHashWords = 8;
constexpr size_t kHashBytes = 4 * kHashWords;
constexpr std::string_view kMagic = "OxychromaticBlowfishSwatDynamite";
static_assert(kMagic.size() == kHashBytes);

using Words = std::array<uint32_t, Blowfish::kInputWords>;
using Hash = std::array<std::byte, kHashBytes>;

/// What the derivation works in.
struct Workspace {
  Blowfish blowfish;
  Words passphrase;
  Words salt;
  std::array<std::byte, crypto_hash_sha512_BYTES> digest;
  std::array<uint32_t, kHashWords> block;
  Hash hash;
  Hash sum;
};

uint32_t LoadBigEndian(const std::byte* bytes) {
  uint32_t word = 0;
  for (size_t i = 0; i < 4; ++i) word = word << 8U | std::to_integer<uint32_t>(bytes[i]);
  return word;
}

/// SHA-512 as big-endian words.
void Digest(ByteView bytes, Workspace& work, Words& out) {
  crypto_hash_sha512(AsUnsigned(ByteSpan(work.digest)), AsUnsigned(bytes), bytes.size());
  for (size_t i = 0; i < out.size(); ++i) out[i] = LoadBigEndian(work.digest.data() + 4 * i);
}

/// bcrypt_hash() of the digests of passphrase and salt, into work.hash, in little-endian words.
void HashOnce(Workspace& work) {
  work.blowfish.Reset();
  work.blowfish.Expand(work.passphrase, work.salt);
  for (int i = 0; i < kExpansions; ++i) {
    work.blowfish.Expand(work.salt);
    work.blowfish.Expand(work.passphrase);
  }
  for (size_t i = 0; i < kHashWords; ++i) {
    work.block[i] = LoadBigEndian(AsBytes(kMagic).data() + 4 * i);
  }
  for (int i = 0; i < kExpansions; ++i) {
    for (size_t pair = 0; pair < kHashWords; pair += 2) {
      work.blowfish.Encrypt(work.block[pair], work.block[pair + 1]);
    }
  }
  for (size_t i = 0; i < kHashBytes; ++i) {
    work.hash[i] = static_cast<std::byte>(work.block[i / 4] >> 8 * (i % 4));
  }
}

/// One block of PBKDF2, into work.sum.
void DeriveBlock(ByteView salt, uint32_t number, uint32_t rounds, Workspace& work) {
  Bytes numbered(salt.begin(), salt.end());
  for (unsigned shift = 32; shift > 0; shift -= 8) {
    numbered.push_back(static_cast<std::byte>(number >> (shift - 8)));
  }
  Digest(numbered, work, work.salt);
  HashOnce(work);
  work.sum = work.hash;
  for (uint32_t round = 1; round < rounds; ++round) {
    Digest(work.hash, work, work.salt);
    HashOnce(work);
    std::ranges::transform(work.sum, work.hash, work.sum.begin(), std::bit_xor());
  }
}

}  // namespace

Result<SecretBytes> BcryptPbkdf(ByteView passphrase, ByteView salt, uint32_t rounds, size_t size) {
  TRY(InitCrypto());
  if (passphrase.empty() || salt.empty() || rounds == 0 || size == 0 || size > kMostBcryptBytes) {
    return Error{Code::kInvalid, "bcrypt_pbkdf has nothing to work on", "", ""};
  }
  const auto memory = TRY(LockedBuffer::Make(sizeof(Workspace)));
  Workspace& work = *new (memory.bytes().data()) Workspace;
  Digest(passphrase, work, work.passphrase);
  // Each block's bytes are spread over the whole key.
  const size_t blocks = (size + kHashBytes - 1) / kHashBytes;
  return SecretBytes::Make(size, [&](ByteSpan key) -> Result<size_t> {
    for (size_t block = 0; block < blocks; ++block) {
      DeriveBlock(salt, static_cast<uint32_t>(block + 1), rounds, work);
      for (size_t i = 0; i < kHashBytes && i * blocks + block < size; ++i) {
        key[i * blocks + block] = work.sum[i];
      }
    }
    return size;
  });
}

}  // namespace secretfs::crypto
