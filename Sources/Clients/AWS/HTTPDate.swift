import Glibc
import Telemetry

extension WallClock {
    /// Fails unless `text` is a date as HTTP's `Date` header has it, such as `Tue, 24 Nov 2026 12:00:00 GMT`.
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7>
    public init?(httpDate text: String) {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let parts = text.split(whereSeparator: { ", :".contains($0) })
        guard parts.count == 8, parts[7] == "GMT", let month = months.firstIndex(of: String(parts[2])) else {
            return nil
        }
        let numbers = [1, 3, 4, 5, 6].compactMap { Int32(parts[$0]) }
        guard numbers.count == 5, (1...31).contains(numbers[0]), (1970...9999).contains(numbers[1]),
            (0...23).contains(numbers[2]), (0...59).contains(numbers[3]), (0...60).contains(numbers[4])
        else { return nil }
        var time = unsafe tm()
        unsafe time.tm_mday = numbers[0]
        unsafe time.tm_mon = Int32(month)
        unsafe time.tm_year = numbers[1] - 1900
        unsafe time.tm_hour = numbers[2]
        unsafe time.tm_min = numbers[3]
        unsafe time.tm_sec = numbers[4]
        self.init(millisecondsSinceEpoch: unsafe Int64(timegm(&time)) * 1000)
    }
}
