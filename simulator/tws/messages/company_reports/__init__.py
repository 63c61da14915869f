"""Reports about companies as XML, in the layouts of Reuters that TWS hands on."""
