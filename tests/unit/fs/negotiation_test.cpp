#include "fs/negotiation.h"

#include <gtest/gtest.h>

#include <cstring>
#include <functional>

#include "fs/request.h"
#include "tests/testkit/fuse_requests.h"

namespace secretfs::fs {
namespace {

Bytes Request() {
  fuse_init_in body{};
  body.major = 7;
  body.minor = 45;
  body.flags = 0xf0f0;
  body.flags2 = 0xff;
  body.max_readahead = 131072;
  return testkit::InitRequest(body);
}

Bytes Reply(const std::function<void(fuse_init_out&)>& change = {}, int error = 0) {
  fuse_out_header head{};
  fuse_init_out body{};
  head.len = sizeof(head) + sizeof(body);
  head.error = error;
  head.unique = 2;
  body.major = 7;
  body.minor = 38;
  body.flags = 0x30;
  body.flags2 = 0x1;
  body.max_write = 131072;
  if (change) change(body);
  return testkit::Joined(head, body);
}

TEST(Negotiation, ASuccessorIsOfferedWhatWasAgreedOn) {
  const auto narrowed = AgreedRequest(Request(), Reply());
  ASSERT_TRUE(narrowed);
  ASSERT_EQ(narrowed->size(), Request().size() + kBehindRequest);
  fuse_init_in body{};
  std::memcpy(&body, narrowed->data() + sizeof(fuse_in_header), sizeof(body));
  EXPECT_EQ(body.flags, 0x30U);
  EXPECT_EQ(body.flags2, 0x1U);
  EXPECT_EQ(body.minor, 38U);
  EXPECT_EQ(body.max_readahead, 131072U);
}

TEST(Negotiation, WhatIsNoInitIsNotOffered) {
  EXPECT_FALSE(AgreedRequest({}, Reply()));
  EXPECT_FALSE(AgreedRequest(Request(), {}));
  EXPECT_FALSE(AgreedRequest(Request(), Reply({}, -EPROTO)));
  Bytes other = Request();
  other[4] = std::byte{FUSE_OPEN};
  EXPECT_FALSE(AgreedRequest(other, Reply()));
  EXPECT_FALSE(AgreedRequest(ByteView(Request()).first(44), Reply()));
}

TEST(Negotiation, WhateverTheKernelActsOnMustBeTheSame) {
  EXPECT_TRUE(KeepsAgreement(Reply(), Reply()));
  const std::function<void(fuse_init_out&)> changes[] = {
      [](fuse_init_out& out) { out.flags ^= 0x10; },
      [](fuse_init_out& out) { out.flags2 = 0; },
      [](fuse_init_out& out) { ++out.max_write; },
      [](fuse_init_out& out) { ++out.max_readahead; },
      [](fuse_init_out& out) { ++out.max_background; },
      [](fuse_init_out& out) { ++out.congestion_threshold; },
      [](fuse_init_out& out) { ++out.time_gran; },
      [](fuse_init_out& out) { ++out.max_pages; },
      [](fuse_init_out& out) { ++out.map_alignment; },
      [](fuse_init_out& out) { ++out.unused[0]; },
      [](fuse_init_out& out) { --out.minor; },
      [](fuse_init_out& out) { ++out.major; },
  };
  for (const auto& change : changes) EXPECT_FALSE(KeepsAgreement(Reply(), Reply(change)));
  EXPECT_FALSE(KeepsAgreement(Reply(), Reply({}, -EIO)));
}

TEST(Negotiation, ANewerLibraryKeepsToTheOlderProtocol) {
  EXPECT_TRUE(KeepsAgreement(Reply(), Reply([](fuse_init_out& out) { out.minor = 45; })));
}

TEST(Negotiation, KnowsWhichKernelsSendAgain) {
  const auto offers = [](uint32_t flags, uint32_t flags2) {
    Bytes request = Request();
    fuse_init_in body{};
    body.flags = flags;
    body.flags2 = flags2;
    std::memcpy(request.data() + sizeof(fuse_in_header), &body, sizeof(body));
    return OffersResend(request);
  };
  EXPECT_TRUE(offers(FUSE_INIT_EXT, 0x80));
  EXPECT_FALSE(offers(FUSE_INIT_EXT, 0x7f)) << "Linux 6.8";
  EXPECT_FALSE(offers(0, 0x80)) << "not meant";
  EXPECT_FALSE(OffersResend(ByteView(Request()).first(sizeof(fuse_in_header) + 16)));
  EXPECT_FALSE(OffersResend({}));
}

}  // namespace
}  // namespace secretfs::fs
