import Foundation

/// The file that keeps what is not on the stream in the end, one record a line.
///
/// It is made beside its place at the start, so that a folder that does not exist is found before anything is put,
/// and comes to its place whole.
final class RestFile {
    private let path: String
    private let draft: URL
    private let handle: FileHandle
    private(set) var count = 0

    init(path: String) throws {
        self.path = path
        let url = URL(filePath: path)
        draft = url.deletingLastPathComponent().appending(path: ".\(url.lastPathComponent).\(getpid())")
        do {
            try Data().write(to: draft)
            handle = try FileHandle(forWritingTo: draft)
        } catch {
            throw Self.unwritable(path, error)
        }
    }

    func add(_ records: some Sequence<[UInt8]>) throws {
        var lines = Data()
        for record in records {
            lines += record
            lines.append(UInt8(ascii: "\n"))
            count += 1
        }
        do { try handle.write(contentsOf: lines) } catch { throw Self.unwritable(path, error) }
    }

    /// Puts the file in its place, over one that was there before.
    func finish() throws {
        do {
            try handle.close()
            guard unsafe rename(draft.path, path) == 0 else {
                throw NSError(domain: NSPOSIXErrorDomain, code: Int(errno))
            }
        } catch {
            throw Self.unwritable(path, error)
        }
    }

    private static func unwritable(_ path: String, _ error: any Error) -> CommandError {
        CommandError(description: "\(path) cannot be written: \((error as NSError).localizedDescription)")
    }

    deinit { try? FileManager.default.removeItem(at: draft) }
}
