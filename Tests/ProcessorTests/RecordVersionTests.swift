import XCTest

@testable import Processor

/// The version order: within a shard by numbers, across shards by arrival.
final class RecordVersionTests: XCTestCase {
    private func version(_ arrival: Int64?, _ sequence: String, _ subSequence: Int32? = nil, _ shard: String?) throws
        -> RecordVersion
    {
        RecordVersion(
            arrival: arrival, sequenceNumber: try XCTUnwrap(SequenceNumber(sequence)), subSequenceNumber: subSequence,
            shard: shard.map { Array($0.utf8) })
    }

    func testNewerOfTwoVersions() throws {
        let cases: [(name: String, RecordVersion, RecordVersion, isNewer: Bool)] = [
            ("same shard, earlier arrival", try version(5, "20", "s/1"), try version(6, "10", "s/1"), true),
            ("same shard, lower number", try version(7, "10", "s/1"), try version(6, "20", "s/1"), false),
            ("numbers by length", try version(5, "100", "s/1"), try version(5, "99", "s/1"), true),
            ("same number, sub-sequence", try version(5, "1", 2, "s/1"), try version(5, "1", 1, "s/1"), true),
            ("no sub-sequence is 0", try version(5, "1", nil, "s/1"), try version(5, "1", 0, "s/1"), false),
            ("equal", try version(5, "1", "s/1"), try version(5, "1", "s/1"), false),
            ("other shard, later arrival", try version(6, "1", "s/2"), try version(5, "9", "s/1"), true),
            ("other shard, equal arrival", try version(5, "9", "s/2"), try version(5, "1", "s/1"), true),
            ("same shard ID, other stream", try version(5, "9", "t/1"), try version(6, "1", "s/1"), false),
            ("stored without a shard", try version(6, "1", "s/1"), try version(5, "9", nil), true),
            ("both without a shard", try version(6, "1", nil), try version(5, "9", nil), true),
            ("no arrival", try version(nil, "9", "s/2"), try version(0, "1", "s/1"), false),
            ("marks that compose", try version(9, "1", "cafe\u{301}/1"), try version(8, "2", "caf\u{e9}/1"), true),
        ]
        for (name, one, other, isNewer) in cases {
            XCTAssertEqual(one.isNewer(than: other), isNewer, name)
        }
    }

    func testNewestOfManyIsTheSameInEveryOrder() throws {
        // Compared in pairs, these form a cycle: 2 replaces 1 (numbers), 3 replaces 2 (arrival), 1 replaces 3 (arrival).
        let versions = [
            try version(10, "1", "s/1"), try version(5, "2", "s/1"), try version(7, "1", "s/2"),
            try version(nil, "99", nil), try version(6, "0", "s/2"),
        ]
        for rotation in versions.indices {
            let rotated = Array(versions[rotation...] + versions[..<rotation])
            for list in [rotated, rotated.reversed()] {
                let newest = try XCTUnwrap(RecordVersion.newest(of: list))
                XCTAssertEqual(list[newest], versions[2], "rotation \(rotation)")
            }
        }
        XCTAssertNil(RecordVersion.newest(of: [RecordVersion]()))
    }

    func testLastOfEqualVersionsIsNewest() throws {
        for shard in ["s/1", nil] {
            let versions = [try version(1, "5", shard), try version(1, "5", shard), try version(1, "4", shard)]
            XCTAssertEqual(RecordVersion.newest(of: versions), 1, shard ?? "no shard")
        }
    }
}

extension RecordVersionTests {
    private func version(_ arrival: Int64?, _ sequence: String, _ shard: String?) throws -> RecordVersion {
        try version(arrival, sequence, nil, shard)
    }
}
