import Foundation
import Processor

/// The environment of a command: the process's variables and those of the file `.env` in the working directory.
///
/// The file may be part of a directory that someone else created, so it can only provide settings. Variables that choose
/// an endpoint, an identity, a proxy, or a certificate are ignored with a note.
enum DotEnvironment {
    private static let path = ".env"
    /// The maximum size of the file in bytes.
    private static let limit = 1 << 20

    /// Returns the environment of all commands.
    ///
    /// Nothing else in the program reads the process's environment.
    ///
    /// - Throws: ``CommandError`` if the file exists but cannot be read.
    static func environment() throws -> [String: String] {
        let process = ProcessInfo.processInfo.environment
        guard let bytes = try contents() else { return process }
        let (environment, ignored) = merged(DotEnvironmentParser.assignments(in: bytes), into: process)
        if !ignored.isEmpty {
            let shown = ignored.prefix(10).map { String(decoding: $0.prefix(60), as: UTF8.self) }
            let rest = ignored.count > shown.count ? " and \(ignored.count - shown.count) more" : ""
            Console.note(
                "note: \(path): ignored \(shown.joined(separator: ", "))\(rest): the file can only provide settings, not endpoints, identities, proxies, or certificates; export them in the shell instead"
            )
        }
        return environment
    }

    /// Merges variables of the file into an environment, where a variable that is set and not empty takes precedence.
    ///
    /// - Returns: The environment, and the ignored names that could have changed an endpoint or an identity, in order.
    static func merged(
        _ assignments: [DotEnvironmentParser.Assignment], into process: [String: String]
    ) -> (environment: [String: String], ignored: [[UInt8]]) {
        var environment = process
        var ignored: [[UInt8]] = []
        for (name, value) in assignments {
            let text = String(decoding: name, as: UTF8.self)
            guard process[text, default: ""].isEmpty else { continue }
            if DotEnvironmentNames.isSetting(name) {
                environment[text] = String(decoding: value, as: UTF8.self)
            } else if DotEnvironmentNames.isSensitive(name), !value.isEmpty, ignored.count < 100,
                !ignored.contains(name)
            {
                ignored.append(name)
            }
        }
        return (environment, ignored)
    }

    /// Returns nil if there is no such file, or if it is something else, such as the directory of a Python environment.
    private static func contents() throws -> [UInt8]? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        // Password managers provide a pipe. A device may be endless.
        guard [S_IFREG, S_IFIFO].contains(status.st_mode & S_IFMT) else { return nil }
        let bytes: [UInt8]
        do {
            let handle = try FileHandle(forReadingFrom: URL(filePath: path))
            defer { try? handle.close() }
            var data = Data()
            while data.count <= limit, let more = try handle.read(upToCount: limit + 1 - data.count), !more.isEmpty {
                data += more
            }
            bytes = [UInt8](data)
        } catch {
            throw CommandError(description: "cannot read \(path): \((error as NSError).localizedDescription)")
        }
        guard bytes.count <= limit else {
            throw CommandError(description: "\(path) is larger than \(limit >> 20) MiB; fix or remove it")
        }
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw CommandError(description: "\(path) is not UTF-8; fix or remove it")
        }
        return bytes
    }
}

/// The variables that the file may set.
enum DotEnvironmentNames {
    /// The settings of this program.
    private static let own = Settings.names
    private static let aws = [
        "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
        "AWS_MAX_ATTEMPTS",
    ]
    private static let awsFamilies = ["AWS_KINESIS_", "AWS_LAMBDA_LOG_"]

    static func isSetting(_ name: [UInt8]) -> Bool {
        (own + aws).contains { name.elementsEqual($0.utf8) }
            || awsFamilies.contains { name.starts(with: $0.utf8) && isName(name) }
    }

    /// Returns whether a variable could change the endpoint, the identity, or the trusted certificates of calls.
    static func isSensitive(_ name: [UInt8]) -> Bool {
        let suffix = name.suffix(6)
        return name.starts(with: "AWS_".utf8) || ["_PROXY", "_proxy"].contains { suffix.elementsEqual($0.utf8) }
            || ["HOME", "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"]
                .contains { name.elementsEqual($0.utf8) }
    }

    /// Returns whether all bytes are allowed in the name of a shell variable.
    private static func isName(_ name: [UInt8]) -> Bool {
        name.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}
