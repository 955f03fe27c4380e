import LambdaRuntime
import Processor

/// The handler that connects the invocation loop to the pipelines for records and for loads.
struct EventHandler: InvocationHandler {
    var pipeline: Pipeline
    let loader: LoadPipeline
    let settings: Settings
    /// Nil if invocations run concurrently.
    let traceVariable: TraceVariable?

    mutating func handle(
        _ buffer: [UInt8], _ event: Range<Int>, of invocation: Invocation, into response: inout [UInt8]
    ) throws(InvocationError) {
        traceVariable?.set(invocation.traceID)
        let context = InvocationContext(
            requestID: invocation.requestID, functionName: settings.lambda.functionName, traceID: invocation.traceID,
            deadline: invocation.deadline - settings.general.deadlineMargin)
        let isLoad: Bool
        do throws(EventError) {
            isLoad = try LoadPipeline.isLoadEvent(buffer, event)
            if !isLoad { _ = try pipeline.respond(to: buffer, event, context: context, into: &response) }
        } catch {
            throw InvocationError(type: EventError.errorType, message: error.description)
        }
        if isLoad { try load(context, into: &response) }
    }

    private func load(_ context: InvocationContext, into response: inout [UInt8]) throws(InvocationError) {
        do throws(LoadError) { try loader.respond(context: context, into: &response) } catch {
            throw InvocationError(type: LoadError.errorType, message: error.description)
        }
    }
}
