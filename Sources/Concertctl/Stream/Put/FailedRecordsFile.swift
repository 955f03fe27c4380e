/// The file for records that were not put, one per line.
final class FailedRecordsFile {
    private let file: OutputFile
    private(set) var count = 0

    init(path: String, option: any CommandOption) throws { file = try OutputFile(path, option: option) }

    func add(_ records: some Sequence<[UInt8]>) throws {
        var lines: [UInt8] = []
        for record in records {
            lines += record
            lines.append(UInt8(ascii: "\n"))
            count += 1
        }
        try file.write(lines)
    }

    /// Completes the file, and replaces an existing one.
    func finish() throws { try file.finish() }
}
