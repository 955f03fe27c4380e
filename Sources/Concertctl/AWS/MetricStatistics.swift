import Basics
import Clients
import Foundation
import Telemetry

/// A query for one statistic of one CloudWatch metric over a time range.
///
/// Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html>
struct MetricQuery: Sendable, Equatable {
    enum Statistic: String, Sendable, CaseIterable {
        case average = "Average"
        case maximum = "Maximum"
        case minimum = "Minimum"
        case sampleCount = "SampleCount"
        case sum = "Sum"
    }

    struct Dimension: Sendable, Equatable {
        var name: String
        var value: String

        init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }
    }

    /// The statistic for one period.
    struct Datapoint: Sendable, Equatable {
        /// The start of the period, in seconds since the Unix epoch.
        var time: Double
        var value: Double
    }

    /// The namespace, such as `AWS/Kinesis`.
    var namespace: String
    /// The name of the metric, such as `IncomingRecords`.
    var metric: String
    /// All dimensions of the metric.
    ///
    /// A subset of them identifies a different metric.
    var dimensions: [Dimension]
    var statistic: Statistic
    /// The period in seconds, a multiple of 60.
    ///
    /// One call returns at most 1,440 periods.
    var period = 60
    var since: WallClock
    var until = WallClock.now()

    /// Returns the datapoints, oldest first.
    ///
    /// A period without data has none.
    func datapoints(_ session: AWSSession) async throws -> [Datapoint] {
        datapoints(in: try await session.send(request).xml())
    }

    /// Returns the datapoints of a response to ``request``, oldest first.
    func datapoints(in answer: XMLElement) -> [Datapoint] {
        let result = answer.first("GetMetricStatisticsResult") ?? answer
        let found = result.list("Datapoints").compactMap { member -> Datapoint? in
            guard let time = member.text(of: "Timestamp").flatMap({ try? Date($0, strategy: .iso8601) }),
                let value = member.text(of: statistic.rawValue).flatMap({ Double($0) }), value.isFinite
            else { return nil }
            return Datapoint(time: time.timeIntervalSince1970, value: value)
        }
        // CloudWatch does not guarantee an order.
        return found.sorted { $0.time < $1.time }
    }

    var request: AWSRequest {
        let dimensions = dimensions.enumerated().flatMap { index, dimension in
            [
                AWSRequest.QueryItem("Dimensions.member.\(index + 1).Name", dimension.name),
                AWSRequest.QueryItem("Dimensions.member.\(index + 1).Value", dimension.value),
            ]
        }
        return .cloudWatch(
            "GetMetricStatistics",
            [
                .init("Namespace", namespace), .init("MetricName", metric), .init("Period", String(period)),
                .init("StartTime", since.iso8601), .init("EndTime", until.iso8601),
                .init("Statistics.member.1", statistic.rawValue),
            ] + dimensions)
    }
}
