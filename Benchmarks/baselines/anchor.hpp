// Decoding in C++: simdjson On-Demand and AVX2 base64 into typed artists and concerts; no checks of values.
#pragma once
#include <cstring>
#include <immintrin.h>
#include <optional>
#include <simdjson.h>
#include <string>
#include <string_view>
#include <vector>
using namespace simdjson;
struct Artist {
    std::string_view id, name, source, spotify, ts, formed;
    double popularity = 0;
    std::vector<std::string_view> genres, members;
    long long followers = -1;
};
struct Concert {
    std::string_view id, artist, venue, date, status, source, ts, name, url;
    std::vector<std::pair<std::string_view, double>> prices;
    long long attendance = -1;
    double revenue = -1;
};
// Source: Mula and Lemire, Faster Base64 Encoding and Decoding Using AVX2 Instructions, <https://arxiv.org/abs/1704.00605>
static inline __m256i dec(__m256i in) {
    const __m256i lut_roll = _mm256_setr_epi8(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 19, 4,
                                              -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0);
    __m256i hi = _mm256_and_si256(_mm256_srli_epi32(in, 4), _mm256_set1_epi8(0x0f));
    __m256i eq = _mm256_cmpeq_epi8(in, _mm256_set1_epi8(0x2f));
    __m256i roll = _mm256_shuffle_epi8(lut_roll, _mm256_add_epi8(eq, hi));
    __m256i v = _mm256_add_epi8(in, roll);
    __m256i m = _mm256_maddubs_epi16(v, _mm256_set1_epi32(0x01400140));
    m = _mm256_madd_epi16(m, _mm256_set1_epi32(0x00011000));
    m = _mm256_shuffle_epi8(m, _mm256_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1, 2, 1, 0, 6, 5,
                                                4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1));
    return _mm256_permutevar8x32_epi32(m, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, -1, -1));
}
static bool valid(__m256i in) {
    const __m256i lo = _mm256_setr_epi8(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1A, 0x1B,
                                        0x1B, 0x1B, 0x1A, 0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
                                        0x13, 0x1A, 0x1B, 0x1B, 0x1B, 0x1A);
    const __m256i hi = _mm256_setr_epi8(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10,
                                        0x10, 0x10, 0x10, 0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10,
                                        0x10, 0x10, 0x10, 0x10, 0x10, 0x10);
    __m256i h = _mm256_and_si256(_mm256_srli_epi32(in, 4), _mm256_set1_epi8(0x0f));
    __m256i l = _mm256_and_si256(in, _mm256_set1_epi8(0x0f));
    return _mm256_testz_si256(_mm256_shuffle_epi8(lo, l), _mm256_shuffle_epi8(hi, h));
}
static signed char T[256];
static size_t b64(const char *s, size_t n, uint8_t *o) {
    uint8_t *p = o;
    size_t i = 0;
    while (n - i >= 40) {
        __m256i x = _mm256_loadu_si256((const __m256i *)(s + i));
        if (!valid(x))
            break;
        _mm256_storeu_si256((__m256i *)p, dec(x));
        p += 24;
        i += 32;
    }
    while (n - i >= 4) {
        int a = T[(uint8_t)s[i]], b = T[(uint8_t)s[i + 1]], c = T[(uint8_t)s[i + 2]], d = T[(uint8_t)s[i + 3]];
        if ((a | b) < 0)
            throw 1;
        *p++ = a << 2 | b >> 4;
        if (s[i + 2] == '=')
            break;
        *p++ = b << 4 | c >> 2;
        if (s[i + 3] == '=')
            break;
        *p++ = c << 6 | d;
        i += 4;
    }
    return p - o;
}
class Anchor {
    ondemand::parser P, Q;
    std::vector<Artist> artists;
    std::vector<Concert> concerts;
    std::vector<uint8_t> out;

  public:
    Anchor() {
        for (int i = 0; i < 256; i++)
            T[i] = -1;
        const char *A = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        for (int i = 0; i < 64; i++)
            T[(uint8_t)A[i]] = i;
    }

    // Returns the number of records of the event, which stay in artists and concerts until the next event.
    size_t decode(padded_string_view ev) {
        size_t recs = 0;
        artists.clear();
        concerts.clear();
        out.resize(ev.size() + SIMDJSON_PADDING);
        size_t used = 0;
        auto doc = P.iterate(ev).take_value();
        for (auto rec : doc["Records"].get_array()) {
            recs++;
            std::string_view data, seq;
            for (auto f : rec["kinesis"].get_object()) {
                std::string_view k = f.unescaped_key();
                if (k == "data")
                    data = f.value().get_string();
                else if (k == "sequenceNumber")
                    seq = f.value().get_string();
            }
            uint8_t *o = out.data() + used;
            size_t n = b64(data.data(), data.size(), o);
            used += n;
            memset(o + n, 0, SIMDJSON_PADDING);
            auto d = Q.iterate(padded_string_view((const char *)o, n, n + SIMDJSON_PADDING)).take_value();
            auto obj = d.get_object().value();
            Artist a;
            Concert c;
            bool isA = false;
            for (auto f : obj) {
                std::string_view k = f.unescaped_key();
                auto v = f.value();
                auto str = [&](std::string_view &x) {
                    std::string_view y;
                    if (!v.get_string().get(y))
                        x = y;
                };
                auto dbl = [&](double &x) {
                    double y;
                    if (!v.get_double().get(y))
                        x = y;
                };
                auto num = [&](long long &x) {
                    int64_t y;
                    if (!v.get_int64().get(y))
                        x = y;
                };
                auto list = [&](std::vector<std::string_view> &x) {
                    ondemand::array y;
                    if (!v.get_array().get(y))
                        for (auto g : y) {
                            std::string_view z;
                            if (!g.get_string().get(z))
                                x.push_back(z);
                        }
                };
                if (k == "artist_id") {
                    std::string_view x;
                    str(x);
                    a.id = x;
                    c.artist = x;
                } else if (k == "name")
                    str(a.name);
                else if (k == "genre") {
                    list(a.genres);
                } else if (k == "popularity_score")
                    dbl(a.popularity);
                else if (k == "formation_date")
                    str(a.formed);
                else if (k == "members") {
                    list(a.members);
                } else if (k == "spotify_id")
                    str(a.spotify);
                else if (k == "source") {
                    std::string_view x;
                    str(x);
                    a.source = c.source = x;
                } else if (k == "raw_data") {
                    ondemand::object raw;
                    if (!v.get_object().get(raw))
                        for (auto g : raw) {
                            std::string_view kk = g.unescaped_key(), y;
                            int64_t n;
                            if (kk == "followers") {
                                if (!g.value().get_int64().get(n))
                                    a.followers = n;
                            } else if (kk == "name") {
                                if (!g.value().get_string().get(y))
                                    c.name = y;
                            } else if (kk == "url") {
                                if (!g.value().get_string().get(y))
                                    c.url = y;
                            }
                        }
                } else if (k == "ingestion_timestamp") {
                    std::string_view x;
                    str(x);
                    a.ts = c.ts = x;
                } else if (k == "data_type") {
                    std::string_view x;
                    str(x);
                    isA = x == "artists";
                } else if (k == "concert_id")
                    str(c.id);
                else if (k == "venue_id")
                    str(c.venue);
                else if (k == "event_date")
                    str(c.date);
                else if (k == "ticket_prices") {
                    ondemand::object prices;
                    if (!v.get_object().get(prices))
                        for (auto g : prices) {
                            std::string_view tier = g.unescaped_key();
                            double y;
                            if (!g.value().get_double().get(y))
                                c.prices.emplace_back(tier, y);
                        }
                } else if (k == "total_attendance") {
                    num(c.attendance);
                } else if (k == "revenue") {
                    dbl(c.revenue);
                } else if (k == "status")
                    str(c.status);
            }
            if (isA)
                artists.push_back(std::move(a));
            else
                concerts.push_back(std::move(c));
        }
        return recs;
    }
};
