import JSON

/// Files as a source.
extension LetterSearch {
    mutating func readFiles(at path: String) throws {
        for file in try ReplaySource.files(at: path) where cut == nil {
            let bytes: [UInt8]
            do { bytes = try InputFile.text(try InputFile.contents(of: file), name: file) } catch {
                add(.unknown(problem: "\(error)"), at: .file(path: file, line: nil), file)
                continue
            }
            if JSONScanner.isOneValue(bytes) {
                addDocument(bytes, file, line: nil)
                continue
            }
            if let documents = InputFile.objects(in: bytes) {
                var line = 1
                var position = 0
                for document in documents where cut == nil {
                    line += bytes[position..<document.lowerBound].count { $0 == UInt8(ascii: "\n") }
                    position = document.lowerBound
                    addDocument(Array(bytes[document]), file, line: line)
                }
                continue
            }
            for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
                .enumerated()
            where cut == nil && !line.allSatisfy({ [0x20, 0x09, 0x0D].contains($0) }) {
                addDocument(Array(line), file, line: index + 1)
            }
        }
    }

    /// Adds a dead letter, or those in the output of `aws sqs receive-message`.
    private mutating func addDocument(_ bytes: [UInt8], _ file: String, line: Int?) {
        let handle = FoundLetter.Handle.file(path: file, line: line)
        let location = file + (line.map { ":\($0)" } ?? "")
        let messages = (try? JSONValue(parsing: bytes))?["Messages"]?.array ?? []
        guard !messages.isEmpty, messages.allSatisfy({ $0["Body"]?.string != nil }) else {
            return add(Letter(parsing: bytes), at: handle, location)
        }
        for (index, message) in messages.enumerated() where cut == nil {
            add(
                Letter(parsing: Array((message["Body"]?.string ?? "").utf8)), at: handle,
                "\(location) message \(index + 1)")
        }
    }
}
