import Basics
import Foundation
import JSON

/// The template that is deployed: its text, and its parameters.
///
/// Either this project's SAM template in YAML, or plain CloudFormation in JSON.
struct DeployTemplate: Sendable {
    /// The maximum size of a template file in bytes, which is far above CloudFormation's limit.
    private static let sizeLimit = 4 << 20

    let path: String
    let parameters: [TemplateParameter]
    private let form: Form

    private enum Form: Sendable {
        case yaml([String])
        case json(JSONValue)
    }

    /// - Throws: ``CommandError``.
    init(path: String) throws(CommandError) {
        guard let data = try? Data(contentsOf: URL(filePath: path)) else {
            throw CommandError(description: "\(path): the template cannot be read; name it with --template")
        }
        try self.init(Array(data), path: path)
    }

    /// - Parameter path: The name of the template in errors.
    init(_ bytes: [UInt8], path: String) throws(CommandError) {
        guard bytes.count <= Self.sizeLimit, let text = String(validating: bytes, as: UTF8.self) else {
            throw CommandError(description: "\(path): not a template; expected UTF-8, up to 4 MB")
        }
        self.path = path
        if let json = try? JSONValue(parsing: bytes) {
            form = .json(json)
            parameters = json["Parameters"]?.object?.members.map { TemplateParameter(name: $0.name, $0.value) } ?? []
        } else {
            let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
                .map { String(decoding: $0, as: UTF8.self) }
            form = .yaml(lines)
            do { parameters = try TemplateParameterReader(lines).parameters } catch {
                throw CommandError(
                    description:
                        "\(path): the parameters cannot be read at line \(error.line): write each member on one "
                        + "line, such as \"NoEcho: true\"")
            }
        }
    }

    func parameter(_ name: String) -> TemplateParameter? { parameters.first { $0.name.hasSameBytes(as: name) } }

    /// The file extension in the key of the uploaded template.
    var fileExtension: String { if case .json = form { "json" } else { "yaml" } }

    /// Returns the template with the uploaded code in place of the local one.
    ///
    /// - Throws: ``CommandError`` if the template contains no code of a function.
    func text(code: S3Object) throws(CommandError) -> [UInt8] {
        var count = 0
        let bytes: [UInt8] =
            switch form {
            case .yaml(let lines): Self.replacingCode(in: lines, by: code, &count)
            case .json(let json): Self.replacingCode(in: json, by: code, &count).bytes
            }
        guard count > 0 else {
            throw CommandError(
                description: "\(path): no code of a function found; expected a line such as CodeUri: build/function")
        }
        return bytes
    }

    private static func replacingCode(in lines: [String], by code: S3Object, _ count: inout Int) -> [UInt8] {
        let key = "CodeUri:"
        let replaced = lines.map { line in
            let content = line.utf8.drop { $0 == UInt8(ascii: " ") }
            guard content.starts(with: key.utf8) else { return line }
            count += 1
            return String(repeating: " ", count: line.utf8.count - content.count) + "\(key) \(code.url)"
        }
        return Array(replaced.joined(separator: "\n").utf8)
    }

    /// Replaces the members `S3Bucket` and `S3Key`, which identify a function's code in CloudFormation.
    private static func replacingCode(in value: JSONValue, by code: S3Object, _ count: inout Int) -> JSONValue {
        switch value {
        case .array(let elements):
            var replaced: [JSONValue] = []
            for element in elements { replaced.append(replacingCode(in: element, by: code, &count)) }
            return .array(replaced)
        case .object(var object):
            if object["S3Bucket"]?.string != nil, object["S3Key"]?.string != nil {
                count += 1
                object["S3Bucket"] = .string(code.bucket)
                object["S3Key"] = .string(code.key)
                return .object(object)
            }
            for member in object.members {
                object[member.name] = replacingCode(in: member.value, by: code, &count)
            }
            return .object(object)
        default: return value
        }
    }
}

/// An object of S3 by its bucket and key.
struct S3Object: Sendable, Equatable {
    var bucket: String
    var key: String

    var url: String { "s3://\(bucket)/\(key)" }
}
