//! The classes that "WMI providers supported in Windows" lists for inventory.
//! Properties by Microsoft's reference of the CIMWin32 provider.

use super::class::WmiClass;
use super::property::reads;
use crate::kind::Kind;

macro_rules! classes {
    ($($name:ident { $($properties:tt)* })*) => {
        &[$(
            &WmiClass::new(stringify!($name), Kind::Inventory)
                .properties(reads! { $($properties)* })
        ),*]
    };
}

/// The classes; see [`super::TABLES`] before adding one. One without properties
/// is read by asking its instances for the names of theirs.
pub(super) static CLASSES: &[&WmiClass] = classes! {
    Win32_1394Controller {}
    Win32_BaseBoard {}
    Win32_Battery {
        Name, Status, BatteryStatus: Uint16, EstimatedChargeRemaining: Uint16,
        EstimatedRunTime: Uint32
    }
    Win32_BIOS { Manufacturer, Name, SerialNumber, SMBIOSBIOSVersion, Version, ReleaseDate: DateTime }
    Win32_CDROMDrive {}
    Win32_ComputerSystem {
        Name, Manufacturer, Model, SystemType, TotalPhysicalMemory: Uint64,
        NumberOfProcessors: Uint32, NumberOfLogicalProcessors: Uint32, Domain,
        PartOfDomain: Boolean, UserName, PCSystemType: Uint16
    }
    Win32_ComputerSystemProduct { Name, Vendor, Version, IdentifyingNumber, UUID }
    Win32_CurrentTime {}
    Win32_DesktopMonitor {}
    Win32_DiskDrive { Model, InterfaceType, SerialNumber, Size: Uint64, MediaType, Status }
    Win32_DiskPartition {}
    Win32_DisplayConfiguration {}
    Win32_DMAChannel {}
    Win32_EncryptableVolume {
        DeviceID, DriveLetter, PersistentVolumeID, ProtectionStatus: Uint32
    }
    Win32_IDEController {}
    Win32_InfraredDevice {}
    Win32_IRQResource {}
    Win32_Keyboard {}
    Win32_LocalTime {
        Year: Uint32, Month: Uint32, Day: Uint32, Hour: Uint32, Minute: Uint32,
        Second: Uint32
    }
    Win32_LogicalDisk {
        DeviceID, Description, DriveType: Uint32, FileSystem, FreeSpace: Uint64, Size: Uint64,
        VolumeName, VolumeSerialNumber
    }
    Win32_MotherboardDevice {}
    Win32_NetworkAdapter {
        Name, AdapterType, MACAddress, NetConnectionID, NetConnectionStatus: Uint16,
        NetEnabled: Boolean, PhysicalAdapter: Boolean, Speed: Uint64
    }
    Win32_NetworkAdapterConfiguration {
        Description, DHCPEnabled: Boolean, DNSHostName, IPAddress, IPEnabled: Boolean,
        MACAddress
    }
    Win32_NetworkClient {}
    Win32_NetworkProtocol {}
    Win32_OperatingSystem {
        Caption, Version, BuildNumber, OSArchitecture, InstallDate: DateTime,
        LastBootUpTime: DateTime, LocalDateTime: DateTime, CurrentTimeZone: Sint16,
        OSLanguage: Uint32, SystemDrive, FreePhysicalMemory: Uint64,
        TotalVisibleMemorySize: Uint64, Status
    }
    Win32_OSRecoveryConfiguration {}
    Win32_PageFileSetting {}
    Win32_PhysicalMedia {}
    Win32_PhysicalMemory { Capacity: Uint64, Speed: Uint32, Manufacturer, PartNumber, BankLabel }
    Win32_PnPDevice {}
    Win32_PnPEntity {}
    Win32_PointingDevice {}
    Win32_PortableBattery {}
    Win32_PortResource {}
    Win32_POTSModem {}
    Win32_Processor {
        Name, Manufacturer, NumberOfCores: Uint32, NumberOfLogicalProcessors: Uint32,
        MaxClockSpeed: Uint32, Architecture: Uint16
    }
    Win32_QuickFixEngineering { HotFixID, Description, InstalledOn }
    Win32_Registry {}
    Win32_SCSIController {}
    Win32_SerialPort {}
    Win32_Service { DisplayName, State, StartMode }
    Win32_Share {}
    Win32_SoundDevice {}
    Win32_SystemBIOS {}
    Win32_SystemDriver {}
    Win32_SystemEnclosure { Manufacturer, SerialNumber, SMBIOSAssetTag }
    Win32_TapeDrive {}
    Win32_TimeZone { Caption, StandardName, Bias: Sint32, DaylightBias: Sint32 }
    Win32_USBController {}
    Win32_UTCTime {
        Year: Uint32, Month: Uint32, Day: Uint32, Hour: Uint32, Minute: Uint32,
        Second: Uint32
    }
    Win32_VideoController {}
    Win32_WindowsUpdateAgentVersion { Version }
};
