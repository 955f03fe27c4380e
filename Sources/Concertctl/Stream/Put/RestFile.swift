/// The file that keeps what is not on the stream in the end, one record a line.
final class RestFile {
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

    /// Puts the file in its place, over one that was there before.
    func finish() throws { try file.finish() }
}
