import Foundation
import TestSupport
import XCTest

/// A server with the files of a deployment.
struct DeployWorld {
    static let server = Result { try ScriptedCloudFormation() }

    let server: ScriptedCloudFormation
    let folder: TemporaryFolder
    let template: String

    init(_ script: [String: Any] = [:]) throws {
        server = try Self.server.get()
        try server.reset()
        try server.set(script)
        folder = try TemporaryFolder()
        template = try folder.write(DeploymentFiles.template, to: "template.yaml")
    }

    func deploy(version: String = "1", _ options: String..., status: Int32 = 0) throws -> Run {
        try deploy(version: version, options: options, status: status)
    }

    private func deploy(version: String = "1", options: [String], status: Int32) throws -> Run {
        let zip = try DeploymentFiles.zip(in: folder, version: version)
        let run = try Concertctl.run(
            ["deploy", "--yes", "--template", template, "--zip", zip] + options, environment: server.environment)
        XCTAssertEqual(run.status, status, "\(run.notes)\(run.output)")
        return run
    }

    func run(_ words: String..., status: Int32 = 0) throws -> Run {
        let run = try Concertctl.run(words, environment: server.environment)
        XCTAssertEqual(run.status, status, run.notes)
        return run
    }

    /// Returns the parameters of the newest change set; an asterisk means that the previous value is kept.
    func parameters() throws -> [String: String] {
        let fields = try XCTUnwrap(server.calls(of: "CreateChangeSet").last).fields as? [String: String] ?? [:]
        return Dictionary(
            uniqueKeysWithValues: fields.filter { $0.key.hasSuffix(".ParameterKey") }.map { key, name in
                (name, fields[key.replacingOccurrences(of: "Key", with: "Value")] ?? "*")
            })
    }

    /// Deploys the files of a test to a server with a script.
    static func deploy(_ script: [String: Any], _ options: String..., status: Int32 = 1) throws -> Run {
        let world = try DeployWorld(script)
        return try world.deploy(options: options, status: status)
    }
}
