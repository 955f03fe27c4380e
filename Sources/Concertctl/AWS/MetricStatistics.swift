import Clients
import Foundation
import Telemetry

/// One statistic of one CloudWatch metric over a span of time.
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

    /// The statistic of one period.
    struct Datapoint: Sendable, Equatable {
        /// When the period begins, in seconds since the Unix epoch.
        var time: Double
        var value: Double
    }

    /// Such as `AWS/Kinesis`.
    var namespace: String
    /// Such as `IncomingRecords`.
    var metric: String
    /// All that the metric was written with; one fewer is another metric.
    var dimensions: [Dimension]
    var statistic: Statistic
    /// In seconds: a multiple of 60; one call brings 1440 periods at most.
    var period = 60
    var since: WallClock
    var until = WallClock.now()

    /// The datapoints that there are, oldest first; a period in which nothing was written has none.
    func datapoints(_ session: AWSSession) async throws -> [Datapoint] {
        datapoints(in: try await session.send(request).xml())
    }

    /// What an answer to ``request`` holds, oldest first.
    func datapoints(in answer: XMLElement) -> [Datapoint] {
        let result = answer.first("GetMetricStatisticsResult") ?? answer
        let found = result.list("Datapoints").compactMap { member -> Datapoint? in
            guard let time = member.text(of: "Timestamp").flatMap({ try? Date($0, strategy: .iso8601) }),
                let value = member.text(of: statistic.rawValue).flatMap({ Double($0) }), value.isFinite
            else { return nil }
            return Datapoint(time: time.timeIntervalSince1970, value: value)
        }
        // CloudWatch promises no order.
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
