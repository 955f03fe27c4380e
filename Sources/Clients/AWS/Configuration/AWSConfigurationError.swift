/// What is wrong with variables, options or shared files that say how AWS is called.
public enum AWSConfigurationError: Error, Equatable, Sendable {
    case unreadableFile(path: String, reason: String)
    /// The line itself may hold a secret, and is not kept.
    case unreadableLine(path: String, line: Int, expected: String)
    case unknownProfile(name: String, files: [String])
    case wrongValue(name: String, value: String, expected: String)
}

extension AWSConfigurationError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unreadableFile(let path, let reason): "\(path) cannot be read: \(reason)"
        case .unreadableLine(let path, let line, let expected): "\(path), line \(line): expected \(expected)"
        case .unknownProfile(let name, let files):
            "there is no profile \"\(name)\" in \(files.joined(separator: " or in ")); "
                + "aws configure list-profiles shows those that there are"
        case .wrongValue(let name, let value, let expected): "\(name) is \"\(value)\"; expected \(expected)"
        }
    }
}
