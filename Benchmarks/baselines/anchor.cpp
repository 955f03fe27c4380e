// Measures decoding alone in C++.
//
//   anchor EVENT ROUNDS
#include "anchor.hpp"
#include <algorithm>
#include <chrono>
#include <cstdio>

int main(int argc, char **argv) {
    if (argc != 3)
        return 2;
    auto event = padded_string::load(argv[1]).take_value();
    int rounds = atoi(argv[2]);
    Anchor anchor;
    std::vector<double> times;
    size_t records = 0;
    for (int round = 0; round < rounds; round++) {
        auto start = std::chrono::steady_clock::now();
        records = anchor.decode(event);
        times.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
    }
    std::sort(times.begin(), times.end());
    printf("{\"records\":%zu,\"p50_us\":%.1f}\n", records, times[times.size() / 2]);
}
