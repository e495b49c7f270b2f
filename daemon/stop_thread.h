// Ending a thread that may be stuck in what it does, without waiting for ever.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

namespace secretfs {

/// Asks it to stop, and joins it. At its end the thread sets `ended`, which `mutex` guards, and
/// wakes `wake`. False when that takes over two seconds: it is then left as it is. True if there is
/// none.
[[nodiscard]] bool StopThread(std::jthread& thread, std::mutex& mutex,
                              std::condition_variable_any& wake, const bool& ended);

}  // namespace secretfs
