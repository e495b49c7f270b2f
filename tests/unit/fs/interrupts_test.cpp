#include "fs/interrupts.h"

#include <gtest/gtest.h>

namespace secretfs::fs {
namespace {

TEST(Interrupts, GiveTheTicketOfWhoWaits) {
  Interrupts interrupts;
  const uint64_t first = interrupts.Begin();
  const uint64_t second = interrupts.Begin();
  EXPECT_FALSE(interrupts.Waits(first, 7));
  EXPECT_FALSE(interrupts.Waits(second, 8));
  EXPECT_EQ(interrupts.Interrupt(first), 7U);
  EXPECT_EQ(interrupts.Interrupt(second), 8U);
}

TEST(Interrupts, GiveNothingForWhatWasAnswered) {
  Interrupts interrupts;
  const uint64_t number = interrupts.Begin();
  interrupts.End(number);
  EXPECT_FALSE(interrupts.Waits(number, 7)) << "answered before the ticket was known";
  EXPECT_EQ(interrupts.Interrupt(number), 0U);
  EXPECT_NE(interrupts.Begin(), number) << "numbers are not used again";
}

TEST(Interrupts, CancelWhatIsWaitedForNow) {
  Interrupts interrupts;
  const uint64_t number = interrupts.Begin();
  EXPECT_FALSE(interrupts.Waits(number, 8)) << "of who went on";
  EXPECT_FALSE(interrupts.Waits(number, 7)) << "of who began, and was slower to tell";
  EXPECT_FALSE(interrupts.Waits(number, 0)) << "of what was answered at once";
  EXPECT_EQ(interrupts.Interrupt(number), 8U);
}

TEST(Interrupts, KeepOneThatCameBeforeTheTicket) {
  Interrupts interrupts;
  const uint64_t number = interrupts.Begin();
  EXPECT_EQ(interrupts.Interrupt(number), 0U);
  EXPECT_TRUE(interrupts.Waits(number, 7));
}

}  // namespace
}  // namespace secretfs::fs
