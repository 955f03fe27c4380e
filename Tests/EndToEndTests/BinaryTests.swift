import Foundation
import RuntimeServer
import XCTest

/// Tests of the binary, which must not depend on files of its environment.
final class BinaryTests: BootstrapTestCase {
    func testBinaryNeedsNoInterpreterAndNoLibrary() throws {
        let file = try Data(contentsOf: URL(fileURLWithPath: BootstrapProcess.path()))
        let segments = try ELFSegments(file)

        #if arch(x86_64)
        let limit = 12_500_000
        #else
        let limit = 15_000_000
        #endif
        XCTAssertLessThan(file.count, limit, "something new is linked in; .build-static/bootstrap.map says what")
        // A single search function of the standard library links all of its regular expressions; Search.swift in JSON does not.
        XCTAssertNil(file.range(of: Data("_RegexParser".utf8)), "something searches with the standard library again")
        XCTAssertTrue(segments.types.contains(.load))
        XCTAssertFalse(segments.types.contains(.interpreter), "it would look for a dynamic linker")
        XCTAssertEqual(segments.neededLibraries, 0, "it would look for shared libraries")
        #if arch(x86_64)
        XCTAssertEqual(segments.machine, 62)
        #elseif arch(arm64)
        XCTAssertEqual(segments.machine, 183)
        #endif
    }

    /// A core dump would contain credentials and records.
    func testProcessLeavesNoCoreDump() throws {
        try withBootstrap { server, bootstrap in
            try assertServes(server)
            let limits = try String(contentsOfFile: "/proc/\(bootstrap.processID)/limits", encoding: .utf8)
            let line = try XCTUnwrap(limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") })
            XCTAssertEqual(line.split(separator: " ").suffix(3).map(String.init), ["0", "0", "bytes"])
        }
    }

    func testBinaryServesInsideAnEmptyRoot() throws {
        try withTemporaryFolder { root in
            let binary = root.appendingPathComponent("bootstrap")
            try FileManager.default.copyItem(atPath: BootstrapProcess.path(), toPath: binary.path)
            let process = root.appendingPathComponent("proc")
            try FileManager.default.createDirectory(at: process, withIntermediateDirectories: false)
            let server = try RuntimeServer(isRecording: true)
            defer { server.stop() }
            // Lambda also has /proc. The mount ends with the process, because it is in its own namespace.
            let enter = "mount --rbind /proc \(process.path) && exec chroot \(root.path) /bootstrap"
            let user = geteuid() == 0 ? [] : ["--map-root-user"]
            let bootstrap = try BootstrapProcess(
                server, environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"],
                launcher: ["/usr/bin/unshare"] + user + ["--mount", "--propagation", "private", "/bin/sh", "-c"],
                binary: enter)
            for fixture in try Fixture.all() {
                let answer = server.invoke(fixture.event)
                guard case .response = answer else {
                    let needs = "this test runs as root, or where unshare --map-root-user may"
                    return XCTFail("\(summary(of: answer)); \(needs):\n\(bootstrap.log)")
                }
                assertResponse(answer, equals: fixture.response, fixture.name)
            }
        }
    }
}

/// The program headers of an ELF file.
///
/// Source: <https://man7.org/linux/man-pages/man5/elf.5.html>
private struct ELFSegments {
    enum Kind: UInt32 {
        case load = 1
        case dynamic = 2
        case interpreter = 3
    }

    private(set) var types: [Kind] = []
    /// The entries of type DT_NEEDED.
    private(set) var neededLibraries = 0
    let machine: Int

    struct NotELF: Error {}

    /// - Throws: ``NotELF`` unless `file` is a 64-bit little-endian ELF file.
    init(_ file: Data) throws {
        let bytes = Array(file)
        guard bytes.count > 64, bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2, 1]) else { throw NotELF() }
        func number(_ offset: Int, _ size: Int) -> Int {
            bytes[offset..<offset + size].reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        machine = number(18, 2)
        let (table, size, count) = (number(32, 8), number(54, 2), number(56, 2))
        for header in (0..<count).map({ table + $0 * size }) {
            guard let kind = Kind(rawValue: UInt32(number(header, 4))) else { continue }
            types.append(kind)
            guard kind == .dynamic else { continue }
            let (start, length) = (number(header + 8, 8), number(header + 32, 8))
            neededLibraries += stride(from: start, to: start + length, by: 16).count { number($0, 8) == 1 }
        }
    }
}
