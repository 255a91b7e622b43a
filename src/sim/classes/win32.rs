//! What the inventory classes of a new tablet hold (keys by the CIMWin32
//! provider's reference). Datetimes come in CIM's form and in ISO 8601: which
//! one an agent puts on the wire is unknown.

use super::Cim::{DateTime, String, Uint32};
use super::held::{InstanceSample, flag, large, null, number, small, text, time};

/// Classes that are there without an instance.
pub(crate) const EMPTY: &[&str] = &[
    "Win32_CDROMDrive",
    "Win32_InfraredDevice",
    "Win32_PortableBattery",
    "Win32_SerialPort",
    "Win32_Share",
    "Win32_TapeDrive",
];

pub(crate) const INSTANCES: &[InstanceSample] = &[
    (
        "Win32_OperatingSystem=@",
        &[
            text("Caption", "Microsoft Windows 8.1 Pro"),
            text("Version", "6.3.9600"),
            text("BuildNumber", "9600"),
            text("OSArchitecture", "32-bit"),
            text("SystemDrive", "C:"),
            text("CSName", "TABLET"),
            text("SerialNumber", "00261-30000-00000-AA825"),
            time("InstallDate", "20140318091500.000000+060"),
            time("LastBootUpTime", "20140924065803.481205+120"),
            large("FreePhysicalMemory", "812044"),
            large("TotalVisibleMemorySize", "2007168"),
            number("OperatingSystemSKU", "48"),
            small("ServicePackMajorVersion", "0"),
            text("CSDVersion", ""),
            flag("Primary", "true"),
            null("PlusVersionNumber", String),
        ],
    ),
    (
        "Win32_ComputerSystem.Name=\"TABLET\"",
        &[
            text("Name", "TABLET"),
            text("Manufacturer", "Contoso"),
            text("Model", "Slate 8"),
            text("Domain", "WORKGROUP"),
            flag("PartOfDomain", "false"),
            large("TotalPhysicalMemory", "2147483648"),
            number("NumberOfProcessors", "1"),
            null("UserName", String),
        ],
    ),
    (
        "Win32_ComputerSystemProduct.IdentifyingNumber=\"0123456789\",Name=\"Slate 8\",Version=\"1.0\"",
        &[
            text("IdentifyingNumber", "0123456789"),
            text("Name", "Slate 8"),
            text("UUID", "4C4C4544-0042-3010-8051-B4C04F423358"),
            text("Vendor", "Contoso"),
            null("SKUNumber", String),
        ],
    ),
    (
        "Win32_BIOS.Name=\"BIOS\",SoftwareElementID=\"BIOS\",SoftwareElementState=3,TargetOperatingSystem=0,Version=\"1\"",
        &[
            text("SerialNumber", "0123456789"),
            text("SMBIOSBIOSVersion", "1.07"),
            text("Manufacturer", "Contoso"),
            time("ReleaseDate", "2014-01-20T00:00:00Z"),
        ],
    ),
    (
        "Win32_Processor.DeviceID=\"CPU0\"",
        &[
            text("Name", "1.33 GHz"),
            text("Manufacturer", "GenuineIntel"),
            number("NumberOfCores", "4"),
            number("MaxClockSpeed", "1333"),
            small("Architecture", "0"),
            null("UniqueId", String),
        ],
    ),
    (
        "Win32_LogicalDisk.DeviceID=\"C:\"",
        &[
            text("DeviceID", "C:"),
            number("DriveType", "3"),
            text("FileSystem", "NTFS"),
            large("FreeSpace", "12884901888"),
            large("Size", "31138512896"),
            text("VolumeName", ""),
        ],
    ),
    (
        "Win32_LogicalDisk.DeviceID=\"D:\"",
        &[
            text("DeviceID", "D:"),
            number("DriveType", "2"),
            null("FileSystem", String),
            null("Size", Uint32),
        ],
    ),
    (
        "Win32_DiskDrive.DeviceID=\"\\\\.\\PHYSICALDRIVE0\"",
        &[
            text("DeviceID", "\\\\.\\PHYSICALDRIVE0"),
            text("Model", "SEM32G"),
            large("Size", "31265464320"),
            text("InterfaceType", "SCSI"),
        ],
    ),
    (
        "Win32_NetworkAdapter.DeviceID=\"0\"",
        &[
            text("Name", "Wireless"),
            text("MACAddress", "00:15:5D:01:02:03"),
            flag("PhysicalAdapter", "true"),
            large("Speed", "65000000"),
        ],
    ),
    (
        "Win32_NetworkAdapter.DeviceID=\"1\"",
        &[
            text("Name", "Bluetooth Device"),
            null("MACAddress", String),
            flag("PhysicalAdapter", "true"),
        ],
    ),
    (
        "Win32_NetworkAdapter.DeviceID=\"2\"",
        &[
            text("Name", "Kernel Debug Network Adapter"),
            flag("PhysicalAdapter", "false"),
        ],
    ),
    (
        "Win32_NetworkAdapterConfiguration.Index=0",
        &[
            flag("DHCPEnabled", "true"),
            text("DHCPServer", "192.0.2.1"),
            text("IPAddress", "192.0.2.17"),
            time("DHCPLeaseObtained", "20140925064512.000000+120"),
            text("MACAddress", "00:15:5D:01:02:03"),
        ],
    ),
    (
        "Win32_NetworkAdapterConfiguration.Index=1",
        &[
            flag("DHCPEnabled", "false"),
            null("DHCPServer", String),
            null("DHCPLeaseObtained", DateTime),
        ],
    ),
    (
        "Win32_PhysicalMemory.Tag=\"Physical Memory 0\"",
        &[
            text("Tag", "Physical Memory 0"),
            large("Capacity", "2147483648"),
            number("Speed", "1066"),
            null("PartNumber", String),
        ],
    ),
    (
        "Win32_Battery.DeviceID=\"CB1\"",
        &[
            small("EstimatedChargeRemaining", "81"),
            small("BatteryStatus", "2"),
            number("EstimatedRunTime", "71582788"),
            null("TimeToFullCharge", Uint32),
        ],
    ),
    (
        "Win32_Service.Name=\"WinDefend\"",
        &[
            text("DisplayName", "Windows Defender Service"),
            text("State", "Running"),
            text("StartMode", "Auto"),
            flag("Started", "true"),
        ],
    ),
    (
        "Win32_Service.Name=\"wuauserv\"",
        &[
            text("DisplayName", "Windows Update"),
            text("State", "Stopped"),
            text("StartMode", "Manual"),
            flag("Started", "false"),
        ],
    ),
    (
        "Win32_Service.Name=\"WlanSvc\"",
        &[
            text("DisplayName", "WLAN AutoConfig"),
            text("State", "Running"),
            flag("Started", "true"),
        ],
    ),
    (
        "Win32_QuickFixEngineering.HotFixID=\"KB2919355\",ServicePackInEffect=\"\"",
        &[
            text("HotFixID", "KB2919355"),
            text("Description", "Update"),
            text("InstalledOn", "4/8/2014"),
            text("ServicePackInEffect", ""),
            null("InstallDate", DateTime),
        ],
    ),
    (
        "Win32_QuickFixEngineering.HotFixID=\"KB2975719\",ServicePackInEffect=\"\"",
        &[
            text("HotFixID", "KB2975719"),
            text("Description", "Update"),
            text("InstalledOn", "8/12/2014"),
            text("ServicePackInEffect", ""),
        ],
    ),
    (
        "Win32_SystemEnclosure.Tag=\"System Enclosure 0\"",
        &[
            text("SerialNumber", "0123456789"),
            text("ChassisTypes", "30"),
            null("SMBIOSAssetTag", String),
        ],
    ),
    (
        "Win32_BaseBoard.Tag=\"Base Board\"",
        &[text("Product", "Slate8-MB"), text("Version", "")],
    ),
    (
        "Win32_TimeZone.StandardName=\"W. Europe Standard Time\"",
        &[
            text(
                "Caption",
                "(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna",
            ),
            text("DaylightName", "W. Europe Daylight Time"),
            text("Bias", "60"),
        ],
    ),
    (
        "Win32_LocalTime=@",
        &[
            number("Year", "2014"),
            number("Month", "9"),
            number("Day", "25"),
            number("Hour", "2"),
            number("Minute", "0"),
            null("Milliseconds", Uint32),
        ],
    ),
    (
        "Win32_UTCTime=@",
        &[
            number("Year", "2014"),
            number("Month", "9"),
            number("Day", "25"),
            number("Hour", "0"),
            number("Minute", "0"),
        ],
    ),
    (
        "Win32_VideoController.DeviceID=\"VideoController1\"",
        &[
            text("Name", "Graphics"),
            number("CurrentHorizontalResolution", "1280"),
            number("CurrentVerticalResolution", "800"),
            time("DriverDate", "2013-11-05T00:00:00.000Z"),
        ],
    ),
    (
        "Win32_DesktopMonitor.DeviceID=\"DesktopMonitor1\"",
        &[
            text("Name", "Generic PnP Monitor"),
            null("ScreenWidth", Uint32),
        ],
    ),
    (
        "Win32_SoundDevice.DeviceID=\"INTELAUDIO\\FUNC_01&VEN_10EC\"",
        &[text("Name", "Audio & Speakers")],
    ),
    (
        "Win32_WindowsUpdateAgentVersion=@",
        &[text("Version", "7.9.9600.17238")],
    ),
];
