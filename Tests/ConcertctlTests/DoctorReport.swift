import Foundation
import TestSupport

/// The output of `doctor --output json`.
struct DoctorReport {
    struct Finding: Decodable {
        var check: String
        var verdict: String
        var finding: String
        var advice: [String]

        enum CodingKeys: String, CodingKey {
            case check = "Check"
            case verdict = "Verdict"
            case finding = "Finding"
            case advice = "Advice"
        }
    }

    let run: Run
    let findings: [Finding]

    init(_ options: [String] = [], environment: [String: String], timeLimit: Double = 60) throws {
        var environment = environment
        // Ignore a built function in the repository.
        let folder = try TemporaryFolder()
        environment["AWS_CA_BUNDLE"] = try folder.write("-----BEGIN CERTIFICATE-----\n", to: "ca.pem")
        if environment["AWS_KINESIS_STREAM_NAME"] == nil { environment["AWS_KINESIS_STREAM_NAME"] = "concerts" }
        run = try Concertctl.run(
            ["doctor", "--output", "json"] + options, environment: environment, workingDirectory: folder.url,
            timeLimit: timeLimit)
        findings = (try? JSONDecoder().decode([Finding].self, from: Data(run.output.utf8))) ?? []
    }

    /// Returns the result of a check, or nil if it did not run.
    subscript(check: String) -> Finding? { findings.first { $0.check == check } }

    /// Returns the names of checks with a verdict.
    func checks(_ verdict: String) -> [String] { findings.filter { $0.verdict == verdict }.map(\.check) }
}

/// An ELF file that consists only of headers.
struct ELF {
    var machine: UInt16 = 62
    var interpreter: String?
    var needsLibrary = false
    /// Whether there is a `PT_DYNAMIC` without libraries, as in a static position-independent file.
    var isRelocatable = false

    var data: Data {
        var segments: [(type: UInt32, content: Data)] = []
        if let interpreter { segments.append((3, Data((interpreter + "\0").utf8))) }
        if needsLibrary { segments.append((2, Self.words([5, 0, 1, 7, 0, 0]))) }
        if isRelocatable { segments.append((2, Self.words([5, 0, 6, 0, 0, 0]))) }
        var file = Data([0x7F, 0x45, 0x4C, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 9))
        file += Self.bytes(UInt16(2)) + Self.bytes(machine) + Self.bytes(UInt32(1)) + Self.words([0, 64, 0])
        file += Self.bytes(UInt32(0)) + [64, 56, UInt16(segments.count), 0, 0, 0].map(Self.bytes).joined()
        var start = UInt64(64 + 56 * segments.count)
        for segment in segments {
            let size = UInt64(segment.content.count)
            file += Self.bytes(segment.type) + Self.bytes(UInt32(4)) + Self.words([start, 0, 0, size, size, 1])
            start += size
        }
        return segments.reduce(file) { $0 + $1.content }
    }

    private static func words(_ values: [UInt64]) -> Data { Data(values.map(bytes).joined()) }

    private static func bytes<Number: FixedWidthInteger>(_ value: Number) -> Data {
        Data((0..<Number.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) })
    }
}
