import Basics
import Foundation

/// `cloudformation-server.py`, a CloudFormation whose changes end as a test chooses.
package final class ScriptedCloudFormation: Sendable {
    /// A call of one of the services.
    package struct Call {
        package var service: String
        package var operation: String
        /// The fields of a form, or the members of a JSON request.
        package var fields: [String: Any]
    }

    private let server: PythonServer

    package init() throws { server = try PythonServer("cloudformation-server.py") }

    /// The variables for a client of this server.
    package var environment: [String: String] {
        [
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": server.url, "AWS_MAX_ATTEMPTS": "1",
        ]
    }

    /// Sets members of the script, which the server's source describes.
    package func set(_ script: [String: Any]) throws {
        _ = try LoopbackRequest(
            url: server.url + "/_control/script", body: try JSONSerialization.data(withJSONObject: script)
        ).answer()
    }

    /// Forgets everything.
    package func reset() throws { _ = try LoopbackRequest(url: server.url + "/_control/script", body: Data()).answer() }

    /// The calls so far in order, or those of one operation.
    package func calls(of operation: String? = nil) throws -> [Call] {
        let answer = try LoopbackRequest(url: server.url + "/_control/calls").answer()
        let listing = try JSONSerialization.jsonObject(with: answer) as? [String: Any]
        return (listing?["calls"] as? [[String: Any]] ?? []).map { call in
            Call(
                service: call["service"] as? String ?? "", operation: call["operation"] as? String ?? "",
                fields: call["fields"] as? [String: Any] ?? [:])
        }.filter { operation == nil || $0.operation == operation }
    }
}

/// The files of a deployment, made for a test.
package enum DeploymentFiles {
    /// Writes a zip with a static `bootstrap` of nothing but a header.
    ///
    /// - Parameters:
    ///   - machine: The number that ELF has for it: 62 is x86_64, 183 is arm64.
    ///   - version: What makes one zip differ from another.
    /// - Returns: The file's path.
    package static func zip(
        in folder: TemporaryFolder, name: String = "function.zip", machine: UInt8 = 62, version: String = "1",
        isStored: Bool = false
    ) throws -> String {
        var header = [UInt8](repeating: 0, count: 64)
        header.replaceSubrange(0..<6, with: [0x7F, 0x45, 0x4C, 0x46, 2, 1])
        (header[18], header[32], header[54]) = (machine, 64, 56)
        let hexadecimal = (header + Array(version.utf8)).map { String(format: "%02x", $0) }.joined()
        let path = folder.url.appending(path: name).path
        let script = """
            import sys, zipfile
            with zipfile.ZipFile(sys.argv[1], "w", zipfile.\(isStored ? "ZIP_STORED" : "ZIP_DEFLATED")) as archive:
                archive.writestr(zipfile.ZipInfo("readme"), "text")
                entry = zipfile.ZipInfo("bootstrap")
                entry.compress_type = zipfile.\(isStored ? "ZIP_STORED" : "ZIP_DEFLATED")
                archive.writestr(entry, bytes.fromhex(sys.argv[2]))
            """
        let program = try RunningProgram(
            URL(filePath: "/usr/bin/env"), ["python3", "-c", script, path, hexadecimal],
            environment: ProcessInfo.processInfo.environment)
        let run = try program.finish()
        guard run.status == 0 else { throw Failure(run.notes) }
        return path
    }

    /// A template with the names that the checks look at.
    package static let template = """
        Parameters:
          FunctionName:
            Description: A name.
            Type: String
            Default: concert-data-processor
          StreamName:
            Type: String
            Default: concert-data-stream
          StreamArn:
            Type: String
            AllowedPattern: ^(arn:[^:]+:kinesis:[^:]+:[0-9]{12}:stream/.+)?$
            ConstraintDescription: the ARN of a stream, or empty.
            Default: ""
          Architecture:
            Type: String
            AllowedValues: [x86_64, arm64]
            Default: x86_64
          BatchSize:
            Type: Number
            MinValue: 0
            MaxValue: 10000
            Default: 0
          LoaderReservedConcurrency:
            Type: String
            AllowedPattern: ^[0-9]*$
            Default: ""
          StreamShardCount:
            Type: Number
            Default: 1
          CacheUrl:
            Type: String
            NoEcho: true
            Default: ""

        Resources:
          Processor:
            Type: AWS::Serverless::Function
            Properties:
              CodeUri: build/function

        """
}
