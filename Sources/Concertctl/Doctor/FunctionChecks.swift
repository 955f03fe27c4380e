import Clients
import JSON

/// The function as Lambda has it, and against what was built here.
extension Check {
    static let function = [
        Check(name: "Function", needs: [.aws]) { examination in try await function(&examination) },
        Check(name: "Runtime", needs: [.function]) { examination in runtime(examination) },
        Check(name: "Architecture", needs: [.bootstrap, .function]) { examination in architecture(examination) },
        Check(name: "Memory", needs: [.function]) { examination in memory(examination) },
    ]

    private static func function(_ examination: inout Examination) async throws -> Finding {
        let name = examination.functionName
        do {
            let answer = try await examination.json(examination.getFunction)
            guard let configuration = answer["Configuration"] else {
                return .unknown("lambda GetFunction: the answer describes no function")
            }
            examination.function = answer
            return state(of: name, configuration)
        } catch let error as AWSError where error.code == "ResourceNotFoundException" {
            return .fault(
                "there is no function \(name) in \(examination.region)",
                "deploy template.yaml, or name the function with --function-name")
        }
    }

    private static func state(of name: String, _ configuration: JSONValue) -> Finding {
        let state = configuration["State"]?.string ?? "Active"
        let update = configuration["LastUpdateStatus"]?.string ?? "Successful"
        let reason = [configuration["StateReason"]?.string, configuration["LastUpdateStatusReason"]?.string]
            .compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: "; ")
        let text = "\(name) is \(state), last update \(update)" + (reason.isEmpty ? "" : ": \(reason)")
        switch (state, update) {
        case ("Active", "Successful"): return .ok(text)
        case ("Failed", _), (_, "Failed"): return .fault(text, Remedy.deployFunction(name))
        case ("Inactive", _): return .warning(text, "it becomes Active with the next invocation")
        case ("Pending", _), ("Active", "InProgress"), ("Deactivating", _):
            return .warning(text, "run this again in a minute")
        // It is not invoked, and stays so.
        case ("Deactivated", _), ("ActiveNonInvocable", _):
            return .fault(text, "publish and activate a version, or name another with --function-name \(name):ALIAS")
        case ("Deleting", _):
            return .fault(text, "deploy it again when it is gone, or name another function with --function-name")
        default: return .unknown(text)
        }
    }

    private static func runtime(_ examination: Examination) -> Finding {
        let configuration = examination.configuration
        if configuration["PackageType"]?.string == "Image" {
            return .warning("the function is a container image", "deploy it as dist/concert-data-processor.zip")
        }
        let runtime = configuration["Runtime"]?.string ?? ""
        let change = Remedy.configureFunction(examination.functionName, "--runtime provided.al2023 --handler bootstrap")
        switch runtime {
        case "provided.al2023": return .ok(runtime)
        case "provided.al2": return .warning("\(runtime) is older than what the function was built for", change)
        default: return .fault("\"\(runtime)\" does not start a bootstrap; expected provided.al2023", change)
        }
    }

    private static func architecture(_ examination: Examination) -> Finding {
        guard let file = examination.bootstrap else { return .unknown("the built function is not known") }
        let path = examination.bootstrapPath ?? "the bootstrap"
        let deployed = examination.configuration["Architectures"]?.array?.first?.string ?? "x86_64"
        guard file.machine == deployed else {
            return .fault(
                "the function is \(deployed), \(path) is \(file.machine): it would end with Runtime.InvalidEntrypoint",
                Remedy.deployFunction(examination.functionName) + " --architectures \(file.machine)",
                "or build on \(deployed): make package")
        }
        return .ok("the function and \(path) are \(deployed)")
    }

    /// The share of a processor grows with memory; 1769 MB are one.
    ///
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>
    private static func memory(_ examination: Examination) -> Finding {
        guard let memory = examination.configuration["MemorySize"]?.integer else {
            return .unknown("lambda GetFunction does not say")
        }
        let text = "\(memory) MB, \(memory * 100 / 1769)% of a processor"
        let change = Remedy.configureFunction(examination.functionName, "--memory-size 256")
        return memory < 256 ? .warning(text + ": large batches take long", change) : .ok(text)
    }
}

extension Examination {
    /// Of the function; null as long as it is not known.
    var configuration: JSONValue { function?["Configuration"] ?? .null }
}
