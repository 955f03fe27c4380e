/// An invalid variable, option or shared file of the AWS configuration.
package enum AWSConfigurationError: Error, Equatable, Sendable {
    case unreadableFile(path: String, reason: String)
    /// An invalid line of a file; its text is not included because it may contain a secret.
    case unreadableLine(path: String, line: Int, expected: String)
    case unknownProfile(name: String, files: [String])
    case wrongValue(name: String, value: String, expected: String)
}

extension AWSConfigurationError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreadableFile(let path, let reason): "\(path) cannot be read: \(reason)"
        case .unreadableLine(let path, let line, let expected): "\(path), line \(line): expected \(expected)"
        case .unknownProfile(let name, let files):
            "profile \"\(name)\" not found in \(files.joined(separator: " or in ")); "
                + "aws configure list-profiles lists the profiles"
        case .wrongValue(let name, let value, let expected): "\(name) is \"\(value)\"; expected \(expected)"
        }
    }
}
