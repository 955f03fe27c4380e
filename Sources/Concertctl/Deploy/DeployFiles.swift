import Foundation
import Telemetry

/// The template and the zip to deploy: those that options name, those of a release, or those of a checkout.
struct DeployFiles: Sendable, Equatable {
    static let template = Option<String?>(
        "--template", value: "FILE", otherwise: "the release's, then template.yaml", "the template")
    static let zip = Option<String?>(
        "--zip", value: "FILE", otherwise: "the release's, then dist/concert-data-processor.zip",
        "the code of the function")

    var template: String
    var zip: String

    init(template: String, zip: String) { (self.template, self.zip) = (template, zip) }

    /// - Throws: ``CommandError`` when a folder has releases of two architectures.
    init(
        template: String?, zip: String?, architecture: String?, folders: [String] = [".", Bundle.main.bundleURL.path]
    ) throws(CommandError) {
        let release: DeployFiles? =
            template == nil || zip == nil ? try Self.release(in: folders, architecture: architecture) : nil
        self.init(
            template: template ?? release?.template ?? "template.yaml",
            zip: zip ?? release?.zip ?? "dist/concert-data-processor.zip")
    }

    /// Returns the template and the zip of this version's release; nil if no folder contains both.
    ///
    /// - Parameter architecture: Lambda's name of the architecture; nil for the only one in the folder.
    static func release(in folders: [String], architecture: String?) throws(CommandError) -> DeployFiles? {
        let machines = [("x86_64", "x86_64"), ("arm64", "aarch64")]
            .filter { architecture == nil || architecture == $0.0 }.map(\.1)
        for folder in folders {
            let found = machines.map { machine in
                DeployFiles(
                    template: "\(folder)/template-\(Version.current)-\(machine).yaml",
                    zip: "\(folder)/concert-data-processor-\(Version.current)-\(machine).zip")
            }.filter {
                FileManager.default.fileExists(atPath: $0.template) && FileManager.default.fileExists(atPath: $0.zip)
            }
            guard found.count < 2 else {
                throw CommandError(
                    description: "\(folder) has the release for x86_64 and for arm64; choose one with "
                        + "--parameter Architecture=x86_64 or --parameter Architecture=arm64")
            }
            if let files = found.first { return files }
        }
        return nil
    }
}
