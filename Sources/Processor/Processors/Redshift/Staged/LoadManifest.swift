import Basics
import JSON

/// The manifests of one load, which list its objects; they are deleted when the load is finished.
package struct LoadManifests: Sendable {
    /// The load's name.
    package var load: String
    /// The keys of the manifests.
    package var keys: [String]

    static let suffix = ".manifest"

    /// Returns a unique name for a new load.
    static func newName(at time: String) -> String {
        let digits = time.utf8.filter { (0x30...0x39).contains($0) }.prefix(14)
        let random = String(UInt64.random(in: 0 ... .max), radix: 16)
        return String(decoding: digits, as: UTF8.self) + "-" + String(repeating: "0", count: 16 - random.utf8.count)
            + random
    }

    /// Returns the load that a key below ``StagedTarget/loads`` belongs to; nil if it is not the key of a manifest.
    static func load(ofKey key: String, _ target: StagedTarget) -> String? {
        guard key.utf8.starts(with: target.loads.utf8), key.utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
        else { return nil }
        let parts = key.utf8.dropFirst(target.loads.utf8.count).split(
            separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 2, (1...64).contains(parts[0].count),
            parts[0].allSatisfy({ BucketName.isLetterOrDigit($0) || $0 == UInt8(ascii: "-") })
        else { return nil }
        return String(decoding: parts[0], as: UTF8.self)
    }

    /// Returns the text of a manifest whose objects are mandatory: a load fails if one is missing.
    static func text(_ objects: some Sequence<StagedObject>, _ target: StagedTarget) -> [UInt8] {
        var writer = JSONWriter()
        writer.openObject()
        writer.key("entries")
        writer.openArray()
        for object in objects {
            writer.openObject()
            writer.key("url")
            writer.string(target.url(object.key))
            writer.key("mandatory")
            writer.bool(true)
            writer.closeObject()
        }
        writer.closeArray()
        writer.closeObject()
        return writer.bytes
    }

    /// Returns the keys of a manifest's entries.
    ///
    /// - Throws: ``ManifestError`` if an entry is not an object that the function writes for this target; no object of the
    ///   load is read or deleted then.
    static func keys(of text: [UInt8], key: String, _ target: StagedTarget) throws(ManifestError) -> [String] {
        let url = target.url(key)
        let remedy = "; find out which program wrote it, then remove it with: aws s3 rm \(url)"
        guard let entries = (try? JSONValue(parsing: text))?["entries"]?.array else {
            throw ManifestError("manifest \(url) cannot be read" + remedy)
        }
        let start = target.url("")
        var keys: [String] = []
        for entry in entries {
            let text = entry["url"]?.string ?? ""
            let key = String(decoding: text.utf8.dropFirst(start.utf8.count), as: UTF8.self)
            guard text.utf8.starts(with: start.utf8), target.content(of: key, layouts: [:]) != .foreign else {
                throw ManifestError(
                    "manifest \(url) names \(MessageText.escaped(String(decoding: text.utf8.prefix(1200), as: UTF8.self))), "
                        + "which is not below \(target.url(target.staged))" + remedy)
            }
            keys.append(key)
        }
        return keys
    }
}

/// The reason why the objects of a manifest are neither loaded nor deleted.
package struct ManifestError: Error, CustomStringConvertible {
    package var description: String

    init(_ description: String) { self.description = description }
}

/// The reason why a load failed; objects that were not loaded stay staged.
package struct LoadError: Error, Sendable, Equatable, CustomStringConvertible {
    package var description: String

    /// The error type that is reported to the Runtime API; alarms match it.
    package static let errorType = "Function.LoadFailed"

    init(_ description: String) { self.description = description }
}
