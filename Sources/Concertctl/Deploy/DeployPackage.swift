import Foundation

/// The files that are deployed, read and checked.
struct DeployPackage: Sendable {
    let template: DeployTemplate
    let zip: [UInt8]
    /// The given parameters, and the code's architecture if the template has a parameter for it.
    let parameters: DeployParameters

    /// - Parameter findings: Receives the faults of the files and the parameters.
    /// - Throws: ``CommandError`` if the template cannot be read, or a folder contains releases of two architectures.
    init(
        _ files: (template: String?, zip: String?), _ parameters: DeployParameters, _ findings: inout DeployFindings
    ) throws(CommandError) {
        let found = try DeployFiles(
            template: files.template, zip: files.zip, architecture: parameters.given["Architecture"])
        var problems: [String] = []
        let template: DeployTemplate?
        do { template = try DeployTemplate(path: found.template) } catch {
            template = nil
            problems.append(error.description)
        }
        var parameters = parameters
        var zip: [UInt8] = []
        do {
            let archive = try ZipArchive(path: found.zip)
            zip = Array(archive.bytes)
            let program = try ExecutableFile(try archive.file(named: "bootstrap"))
            problems += Self.check(program, of: found.zip, template, &parameters)
        } catch let error as ExecutableFile.Failure {
            problems.append("\(found.zip): bootstrap \(error)")
        } catch ZipArchive.Failure.unreadable {
            problems.append("\(found.zip) cannot be read; name the code with --zip, or run make package")
        } catch {
            problems.append("\(found.zip) \(error)")
        }
        guard let template else {
            findings.faults += problems.dropFirst()
            throw CommandError(description: problems[0])
        }
        findings.faults += problems + parameters.faults(template)
        (self.template, self.zip, self.parameters) = (template, zip, parameters)
    }

    private static func check(
        _ program: ExecutableFile, of path: String, _ template: DeployTemplate?, _ parameters: inout DeployParameters
    ) -> [String] {
        var problems: [String] = []
        if !program.isStatic {
            problems.append(
                "\(path): bootstrap needs shared libraries that Lambda may not have; make package builds a static one")
        }
        if let given = parameters.given["Architecture"] {
            if given != program.machine {
                problems.append(
                    "Architecture is \(given), and bootstrap in \(path) is for \(program.machine): leave the parameter "
                        + "out, or deploy a zip for \(given)")
            }
        } else if template?.parameter("Architecture") != nil {
            parameters.set("Architecture", to: program.machine)
        }
        return problems
    }
}
