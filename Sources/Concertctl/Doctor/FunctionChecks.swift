import Clients
import JSON

/// Checks of the deployed function.
extension Check {
    static let function = [
        Check(name: "Function", needs: [.aws]) { context in try await function(&context) },
        Check(name: "Runtime", needs: [.function]) { context in runtime(context) },
        Check(name: "Architecture", needs: [.bootstrap, .function]) { context in architecture(context) },
        Check(name: "Memory", needs: [.function]) { context in memory(context) },
    ]

    private static func function(_ context: inout DiagnosisContext) async throws -> Finding {
        let name = context.functionName
        do {
            let answer = try await context.json(context.getFunction)
            guard let configuration = answer["Configuration"] else {
                return .unknown("lambda GetFunction: the response does not describe a function")
            }
            context.function = answer
            return state(of: name, configuration)
        } catch let error as AWSError where error.code == "ResourceNotFoundException" {
            return .fault(
                "function \(name) does not exist in \(context.region)",
                "deploy template.yaml, or pass --function-name")
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
        case ("Inactive", _): return .warning(text, "the next invocation makes it Active")
        case ("Pending", _), ("Active", "InProgress"), ("Deactivating", _):
            return .warning(text, "run this again in a minute")
        // The function is not invoked, and this state does not change by itself.
        case ("Deactivated", _), ("ActiveNonInvocable", _):
            return .fault(text, "publish and activate a version, or pass another one as --function-name \(name):ALIAS")
        case ("Deleting", _):
            return .fault(text, "deploy it again after the deletion, or pass another function as --function-name")
        default: return .unknown(text)
        }
    }

    private static func runtime(_ context: DiagnosisContext) -> Finding {
        let configuration = context.configuration
        if configuration["PackageType"]?.string == "Image" {
            return .warning("the function is a container image", "deploy it as dist/concert-data-processor.zip")
        }
        let runtime = configuration["Runtime"]?.string ?? ""
        let change = Remedy.configureFunction(context.functionName, "--runtime provided.al2023 --handler bootstrap")
        switch runtime {
        case "provided.al2023": return .ok(runtime)
        case "provided.al2":
            return .warning("\(runtime) is older than the runtime that the function was built for", change)
        default: return .fault("runtime \"\(runtime)\" does not run a bootstrap; expected provided.al2023", change)
        }
    }

    private static func architecture(_ context: DiagnosisContext) -> Finding {
        guard let file = context.bootstrap else { return .unknown("the built function is not known") }
        let path = context.bootstrapPath ?? "the bootstrap"
        let deployed = context.configuration["Architectures"]?.array?.first?.string ?? "x86_64"
        guard file.machine == deployed else {
            return .fault(
                "the function is \(deployed), but \(path) is \(file.machine): it would fail with Runtime.InvalidEntrypoint",
                Remedy.deployFunction(context.functionName) + " --architectures \(file.machine)",
                "or build on \(deployed): make package")
        }
        return .ok("the function and \(path) are \(deployed)")
    }

    /// Checks the memory.
    ///
    /// The share of a vCPU is proportional to it; 1,769 MB correspond to one vCPU.
    ///
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>
    private static func memory(_ context: DiagnosisContext) -> Finding {
        guard let memory = context.configuration["MemorySize"]?.integer else {
            return .unknown("the response to lambda GetFunction does not contain it")
        }
        let text = "\(memory) MB, \(memory * 100 / 1769)% of a vCPU"
        let change = Remedy.configureFunction(context.functionName, "--memory-size 256")
        return memory < 256 ? .warning(text + ": large batches take long", change) : .ok(text)
    }
}

extension DiagnosisContext {
    /// The configuration of the function, or null if it is not known.
    var configuration: JSONValue { function?["Configuration"] ?? .null }
}
